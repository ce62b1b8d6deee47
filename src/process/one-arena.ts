/**
 * glibc would give each thread that compiles for V8 an arena of its own, which keeps what it has used: 4 MiB of a session server's 30. It
 * reads this variable as a program starts; the zero tells ours from a user's, who may have set it for good reason.
 */
const VARIABLE = 'MALLOC_ARENA_MAX';
const OURS = '01';

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment in which a session server is started. */
export function withOneArena(environment: Environment): Environment {
  return environment[VARIABLE] ? environment : { ...environment, [VARIABLE]: OURS };
}

/** Whether it was set by us, for a session server alone. */
export function isOneArena(name: string, value: string): boolean {
  return name === VARIABLE && value === OURS;
}

import { isOneArena } from './one-arena.ts';

/** What a login's environment is made of. */
export interface LoginEnvironmentSource {
  /** What this process got from sshd, perhaps through a shell. */
  readonly inherited: Readonly<Record<string, string | undefined>>;
  /** What the client asks for: TERM, COLORTERM, LANG, LC_*, and what SendEnv and SetEnv name. */
  readonly requested: Readonly<Record<string, string>>;
  /** Names that our own launcher has set, and sshd has not. */
  readonly ownNames?: readonly string[];
  /** Names that are not stale here though they would be after ssh: SSH_AUTH_SOCK and DISPLAY on the same machine. */
  readonly keep?: readonly string[];
  /** The path of the terminal; absent for a command without one. */
  readonly tty?: string | undefined;
  readonly version: string;
  readonly sessionId: string;
}

/**
 * Not handed on: what shells on the way set for themselves (a SHLVL above 0 also keeps bash from
 * reading .bashrc, which it does under sshd), and what is stale once the ssh connection is gone.
 */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'PWD',
  'OLDPWD',
  'SHLVL',
  '_',
  'DISPLAY',
  'SSH_AUTH_SOCK',
  'SSH_TTY',
  'SSH_ORIGINAL_COMMAND',
]);

/** Of another session, or of our own start. What else begins with EVERTERM_ is the user's, for an et or etserver within. */
const OURS = /^(?:EVERTERM_(?:SESSION|FD|OPEN_FILES|COMPILE_AHEAD)|ET_VERSION)$/u;

/** The environment of `ssh -tt` (or of `ssh COMMAND`), and ET_VERSION and EVERTERM_SESSION. */
export function loginEnvironment(source: LoginEnvironmentSource): Record<string, string> {
  const { inherited, requested, ownNames = [], keep = [], tty } = source;
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(inherited)) {
    if (value === undefined || ownNames.includes(name)) continue;
    if (isOneArena(name, value) || (LEFT_OUT.has(name) && !keep.includes(name))) continue;
    environment[name] = value;
  }
  // TERM is the client's or nobody's: without a terminal sshd sets none.
  delete environment['TERM'];
  for (const [name, value] of Object.entries(requested)) {
    if (isSettable(name, value)) environment[name] = value;
  }
  for (const name of Object.keys(environment)) if (OURS.test(name)) delete environment[name];
  if (tty !== undefined) environment['SSH_TTY'] = tty;
  environment['ET_VERSION'] = source.version;
  environment['EVERTERM_SESSION'] = source.sessionId;
  return environment;
}

/** A name with `=`, or a NUL, would be another variable in the end, or cut. SSH_TTY is not the client's to say. */
function isSettable(name: string, value: string): boolean {
  return name !== '' && name !== 'SSH_TTY' && !/[=\0]/u.test(name) && !value.includes('\0');
}

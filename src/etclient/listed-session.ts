import { isJsonObject } from '../wire/json-members.ts';
import type { SessionStatus } from '../wire/session-status.ts';

/** What a session server says of itself; another version of it may say less. */
export type ListedSession = Omit<SessionStatus, 'pid' | 'port'>;

/** The sessions in what `etserver ls --json` has printed, whatever a login shell printed before; `undefined` where it has not. */
export function parseListing(stdout: string): ListedSession[] | undefined {
  for (const line of stdout.split('\n').toReversed()) {
    if (!line.startsWith('[')) continue;
    const found = parsed(line);
    if (Array.isArray(found)) return listedFrom(found);
  }
  return undefined;
}

/** Those of the `values` that tell of a session. */
export function listedFrom(values: readonly unknown[]): ListedSession[] {
  return values.flatMap(sessionFrom);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function sessionFrom(value: unknown): ListedSession[] {
  if (!isJsonObject(value)) return [];
  const { session, hasShell, outputSeconds } = value;
  if (typeof session !== 'string' || !/^[0-9a-f]{32}$/u.test(session)) return [];
  return [
    {
      session,
      name: textOf(value['name']),
      command: textOf(value['command']),
      hasShell: hasShell !== false,
      ageSeconds: numberOf(value['ageSeconds']),
      attached: value['attached'] === true,
      by: textOf(value['by']),
      idleSeconds: numberOf(value['idleSeconds']),
      over: value['over'] === true,
      backlogBytes: numberOf(value['backlogBytes']),
      historyBytes: numberOf(value['historyBytes']),
      ...(typeof outputSeconds === 'number' && { outputSeconds: numberOf(outputSeconds) }),
      title: textOf(value['title']),
      cwd: textOf(value['cwd']),
    },
  ];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0;
}

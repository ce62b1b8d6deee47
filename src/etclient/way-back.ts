import { isAbsolute, join } from 'node:path';
import type { SessionCredentials } from '../bootstrap/session-credentials.ts';
import type { ConnectCommand } from './cli/client-command.ts';
import type { Way } from './cli/sessions-command.ts';
import type { WorkEnd } from './exit.ts';

/**
 * The flags that lead to the same host again, from any directory; users and ports of sshd are part of the destination that the session
 * is kept under. `directory`: where relative paths of `command` begin.
 */
export function wayOf(command: ConnectCommand, directory: string): readonly string[] {
  const { ssh, sshProgram, serverPath, via, from, jumpHost, padBytes, keepaliveSeconds } = command;
  const jump = jumpHost === undefined ? ssh.jump : undefined;
  return [
    ...ssh.identityFiles.flatMap((file) => ['-i', whole(file, directory)]),
    ...given('-F', ssh.configFile && whole(ssh.configFile, directory)),
    ...ssh.options.flatMap((option) => ['-o', option]),
    ...given('-J', jump),
    ...(ssh.family === undefined ? [] : [`-${ssh.family}`]),
    ...given('--ssh', typeof sshProgram === 'object' ? joined(sshProgram) : sshProgram),
    ...given('--server-path', serverPath),
    ...given('--via', via),
    ...from.flatMap((place) => ['--from', place]),
    ...(jumpHost === undefined ? [] : ['--jumphost', ssh.jump ?? jumpHost.destination.host]),
    ...(jumpHost === undefined ? [] : ['--jport', String(jumpHost.port)]),
    ...(command.hasStandby ? ['--standby'] : []),
    ...given('--pad', padBytes),
    ...given('-k', keepaliveSeconds),
    ...(command.escape === undefined ? [] : ['--escape-char', escapeText(command.escape)]),
  ];
}

/** Where a session that is known here runs. */
export function wayTo({ destination, way = [] }: SessionCredentials): Way {
  const [host = '', ...port] = destination.split(' ');
  return { host, flags: [...port, ...way] };
}

/** What a session is called: its name, or enough of its id. */
export function callOf({
  name,
  id,
}: {
  readonly name?: string | undefined;
  readonly id: string;
}): string {
  return name ?? id.slice(0, 8);
}

/** How a client ends whose session goes on without it; `by`: who has taken it over, perhaps nobody that says so. */
export function leftEnd(
  left: NonNullable<WorkEnd['left']>,
  session: { readonly call: string; readonly place: string; readonly isQuiet: boolean },
  by: string,
): WorkEnd {
  const { call, place, isQuiet } = session;
  const text =
    left === 'detached'
      ? `detached from ${call} on ${place}; et attach ${call} comes back`
      : `taken over by ${by === '' ? 'another client' : by}; et attach ${call} takes it back`;
  return { status: 0, left, message: isQuiet ? undefined : text };
}

function given(flag: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [flag, String(value)];
}

/** ssh itself knows ~ and %d. */
function whole(path: string, directory: string): string {
  return isAbsolute(path) || /^[~%]|^none$/u.test(path) ? path : join(directory, path);
}

/** So that each word is one again. */
function joined(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
}

function escapeText(char: string | null): string {
  if (char === null) return 'none';
  return char < ' ' ? `^${String.fromCharCode(char.charCodeAt(0) + 0x40)}` : char;
}

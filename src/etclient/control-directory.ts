import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../base/errors.ts';

const SOCKET_NAME = /^([1-9]\d{0,9})-[0-9a-f]{8}\.sock$/u;

/** A socket file, and the process that has made it. */
export interface ControlSocketFile {
  readonly path: string;
  readonly pid: number;
}

/**
 * Where control sockets are: in the login's runtime directory, and where there is none, or it is another user's, with the state.
 * All are looked through, since a client and who asks it may have been started in different logins.
 */
export function controlDirectories(
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
): readonly string[] {
  const runtime = absolute(environment['XDG_RUNTIME_DIR']);
  const state = absolute(environment['XDG_STATE_HOME']) ?? join(home, '.local', 'state');
  const last = join(state, 'everterm', 'run');
  return runtime === undefined ? [last] : [join(runtime, 'everterm'), last];
}

/** `mark`: 8 hexadecimal digits, which tell two processes apart that had the same id. */
export function controlSocketName(pid: number, mark: string): string {
  return `${pid}-${mark}.sock`;
}

/** The socket files in a directory that only `ownerId` may enter; some may be left over from a client that was killed. */
export async function controlSocketFiles(
  directory: string,
  ownerId: number,
): Promise<ControlSocketFile[]> {
  try {
    const found = await lstat(directory);
    if (!found.isDirectory() || found.uid !== ownerId) return [];
    const names = await readdir(directory);
    return names.sort().flatMap((name) => {
      const pid = SOCKET_NAME.exec(name)?.[1];
      return pid === undefined ? [] : [{ path: join(directory, name), pid: Number(pid) }];
    });
  } catch (error) {
    // What may not be entered is not ours.
    if (/^(?:ENOENT|ENOTDIR|EACCES)$/u.test(systemCodeOf(error) ?? '')) return [];
    throw error;
  }
}

/** The specification says that a relative path is to be ignored. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith('/') === true ? path : undefined;
}

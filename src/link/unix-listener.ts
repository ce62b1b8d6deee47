import { chmod, lstat, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EtError, messageOf } from '../base/errors.ts';
import { listenOrReplace } from './listen-or-replace.ts';
import {
  type Listener,
  type ListenerDeps,
  type ListenerEvents,
  ListeningSocket,
} from './listener.ts';
import { isUsableUnixPath, MAX_UNIX_PATH_BYTES } from './unix-path.ts';

const PRIVATE_DIRECTORY = 0o700;
const PRIVATE_SOCKET = 0o600;
const OTHERS = 0o077;

/**
 * Listens on a unix socket that only its owner can reach: mode 0600, in a directory of mode 0700
 * which is made if it is missing. It is the directory that protects the moment between bind and
 * chmod, so one that others may enter, or that belongs to another than `ownerId`, is refused.
 * A socket file that nobody listens on is replaced. Rejects with ET_ERR_STATE.
 */
export async function listenUnix(
  deps: ListenerDeps,
  path: string,
  ownerId: number,
  events: ListenerEvents,
): Promise<Listener> {
  if (!isUsableUnixPath(path))
    throw state(`${path} is not a path of 1..${MAX_UNIX_PATH_BYTES} bytes`);
  const label = `unix ${path}`;
  const adopt = { label, localAddress: undefined, isResettable: false };
  const listening = new ListeningSocket(
    deps,
    (socket) => deps.sockets.accepted(socket, adopt),
    events,
  );
  try {
    await makePrivateDirectory(dirname(path), ownerId);
    await listenOrReplace(listening, deps, path);
    await chmod(path, PRIVATE_SOCKET);
  } catch (error) {
    await listening.close();
    if (error instanceof EtError) throw error;
    throw state(`cannot listen on ${path}: ${messageOf(error)}`, error);
  }
  return { label, port: 0, close: () => listening.close() };
}

async function makePrivateDirectory(directory: string, ownerId: number): Promise<void> {
  await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY });
  const found = await lstat(directory);
  if (!found.isDirectory()) throw state(`${directory} is not a directory`);
  if (found.uid !== ownerId)
    throw state(`${directory} belongs to user ${found.uid}, not ${ownerId}`);
  if ((found.mode & OTHERS) !== 0) {
    const mode = (found.mode & 0o777).toString(8);
    throw state(`${directory} is open to others (mode ${mode}); it must be 700`);
  }
}

function state(message: string, cause?: unknown): EtError {
  return new EtError('ET_ERR_STATE', message, { cause });
}

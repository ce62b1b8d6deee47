import { lstat, unlink } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import { EtError, systemCodeOf } from '../base/errors.ts';
import type { ListeningSocket } from './listener.ts';
import type { SocketFactory } from './socket-factory.ts';
import { unixDial } from './unix-dial.ts';

/** Listens on a unix socket; a socket file that nobody listens on any more is replaced. Rejects with the system's error. */
export async function listenOrReplace<Owner>(
  listening: ListeningSocket<Owner>,
  deps: { readonly clock: Clock; readonly sockets: SocketFactory },
  path: string,
): Promise<void> {
  try {
    await listening.listen({ path });
  } catch (error) {
    if (systemCodeOf(error) !== 'EADDRINUSE' || (await isServed(deps, path))) throw error;
    await unlink(path);
    await listening.listen({ path });
  }
}

/** Whether anybody answers there; what is no socket at all counts as served, and stays. */
async function isServed(
  deps: { readonly clock: Clock; readonly sockets: SocketFactory },
  path: string,
): Promise<boolean> {
  if (!(await lstat(path)).isSocket()) return true;
  try {
    // Never waits: on a unix socket, connect succeeds or fails at once.
    const { signal } = new AbortController();
    const carrier = await unixDial(deps.clock, deps.sockets, path)(signal);
    carrier.reset();
    return true;
  } catch (error) {
    return !(error instanceof EtError && systemCodeOf(error.cause) === 'ECONNREFUSED');
  }
}

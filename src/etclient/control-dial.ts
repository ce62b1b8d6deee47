import { unlink } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import type { Carrier } from '../link/carrier.ts';
import { DialFailure } from '../link/dial-failure.ts';
import type { SocketFactory } from '../link/socket-factory.ts';
import { unixDial } from '../link/unix-dial.ts';

/**
 * Connects to a control socket. `gone`: nobody listens there, and the file that a killed client has left is removed. `silent`:
 * that is not certain, as where a queue is full or no descriptor is left here.
 */
export async function controlDial(
  clock: Clock,
  sockets: SocketFactory,
  path: string,
): Promise<Carrier | 'gone' | 'silent'> {
  try {
    return await unixDial(clock, sockets, path)(new AbortController().signal);
  } catch (error) {
    if (!(error instanceof DialFailure && error.kind === 'refused')) return 'silent';
    // Another may have removed it already.
    await unlink(path).catch(() => undefined);
    return 'gone';
  }
}

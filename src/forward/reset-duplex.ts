import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Ends a connection at once, so that its peer takes what it got for no whole: with a reset, where it is one of TCP. */
export function resetDuplex(duplex: Duplex): void {
  if (duplex.destroyed) return;
  // libuv refuses to reset during shutdown(2), and Node would then leak the descriptor.
  const isShuttingDown =
    duplex.writableEnded && duplex.writableLength === 0 && !duplex.writableFinished;
  const isTcp = duplex instanceof Socket && duplex.remoteAddress !== undefined;
  if (isTcp && !isShuttingDown) duplex.resetAndDestroy();
  else duplex.destroy();
}

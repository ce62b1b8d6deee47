import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Carrier } from './carrier.ts';
import { StdioCarrier } from './stdio-carrier.ts';

/**
 * A carrier over this process's own standard input and output, as a program has them that was started over ssh.
 * Not through process.stdout, which writes to pipes synchronously: an ssh that stalls would stall everybody.
 * When it ends, so do both descriptors, and /dev/null takes their place.
 *
 * `undefined` where they are neither pipes nor sockets.
 */
export function ownStdioCarrier(clock: Clock, label: string): Carrier | undefined {
  try {
    const readable = new Socket({ fd: 0, readable: true, writable: false });
    const writable = new Socket({ fd: 1, readable: false, writable: true });
    readable.once('close', () => vacate(0, 'r'));
    writable.once('close', () => vacate(1, 'w'));
    return new StdioCarrier(clock, { label, readable, writable });
  } catch {
    return undefined;
  }
}

/** libuv never closes descriptors 0 to 2: whoever reads the other end would wait for its end as long as this process lives. */
function vacate(fd: 0 | 1, mode: 'r' | 'w'): void {
  closeSync(fd);
  // The lowest number that is free, so that no other file ever gets it.
  openSync('/dev/null', mode);
}

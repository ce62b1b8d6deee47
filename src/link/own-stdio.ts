import { openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Carrier } from './carrier.ts';
import { StdioCarrier } from './stdio-carrier.ts';

/**
 * A carrier over this process's own standard input and output, as a program has them that was started over ssh.
 * Not through process.stdout, which writes to pipes synchronously: an ssh that stalls would stall everybody.
 * When it ends, /dev/null takes the place of both, so that no other file ever gets their numbers.
 *
 * `undefined` where they are neither pipes nor sockets.
 */
export function ownStdioCarrier(clock: Clock, label: string): Carrier | undefined {
  try {
    const readable = new Socket({ fd: 0, readable: true, writable: false });
    const writable = new Socket({ fd: 1, readable: false, writable: true });
    readable.once('close', () => openSync('/dev/null', 'r'));
    writable.once('close', () => openSync('/dev/null', 'w'));
    return new StdioCarrier(clock, { label, readable, writable });
  } catch {
    return undefined;
  }
}

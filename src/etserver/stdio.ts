import { closeSync, openSync, read, writeSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { EtError, systemCodeOf } from '../base/errors.ts';
import { MAX_REQUEST_LENGTH } from '../wire/bootstrap-request.ts';

/** A descriptor that somebody made non-blocking is asked again after this long, in milliseconds. */
const RETRY_MS = 5;

/**
 * Reads one line from descriptor `fd`, byte for byte as far as needed and never beyond: what follows belongs to a link.
 * Rejects with ET_ERR_BOOTSTRAP when the input ends first or the line is too long.
 */
export async function readLine(fd: number, clock: Clock): Promise<string> {
  const bytes = Buffer.alloc(MAX_REQUEST_LENGTH);
  let length = 0;
  for (;;) {
    if (length === bytes.length)
      throw new EtError('ET_ERR_BOOTSTRAP', `the request is longer than ${bytes.length} bytes`);
    const count = await readSome(fd, bytes, length, clock);
    if (count === 0) throw new EtError('ET_ERR_BOOTSTRAP', 'the input ended before the request');
    length += count;
    // The client sends nothing after the line before it has read the reply.
    if (bytes[length - 1] === 0x0a) return bytes.toString('utf8', 0, length - 1);
  }
}

function readSome(fd: number, target: Buffer, at: number, clock: Clock): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, target, at, target.length - at, null, (error, count) => {
      if (error === null) resolve(count);
      else if (systemCodeOf(error) === 'EAGAIN') {
        clock.schedule(RETRY_MS, () => resolve(readSome(fd, target, at, clock)));
      } else {
        reject(
          new EtError('ET_ERR_BOOTSTRAP', `reading the request: ${error.message}`, {
            cause: error,
          }),
        );
      }
    });
  });
}

/** Writes all of `text` to a descriptor; what the other end does not want is dropped. */
export function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (systemCodeOf(error) !== 'EAGAIN') return;
    }
  }
}

/** Puts /dev/null in the place of `fd`, so that nothing else is ever opened under this number. */
export function closeStandard(fd: 0 | 1 | 2): void {
  closeSync(fd);
  openSync('/dev/null', fd === 0 ? 'r' : 'w');
}

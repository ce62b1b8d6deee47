import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Writes a line of the log. A full disk, or a reader that is gone, must not end a session. */
export function writeLog(fd: number, line: string): void {
  try {
    // A terminal may be raw by now, where a line feed alone leaves the column as it is.
    writeSync(fd, isatty(fd) ? line.replaceAll('\n', '\r\n') : line);
  } catch {
    // Nor is there anybody to tell.
  }
}

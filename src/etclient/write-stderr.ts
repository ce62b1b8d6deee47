import { writeSync } from 'node:fs';

/** Shows what ssh says while it says it. What nobody can read is dropped. */
export function writeStderr(bytes: Uint8Array): void {
  try {
    writeSync(2, bytes);
  } catch {
    // A closed or full stderr must not end a session.
  }
}

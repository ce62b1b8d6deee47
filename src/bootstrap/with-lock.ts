import * as fs from 'node:fs';
import { systemCodeOf } from '../base/errors.ts';

const LOOK_EVERY_MS = 2;
/** Nobody who lives holds a lock for so many looks, which are a second. */
const MAX_LOOKS = 500;

/**
 * `work`, while no other process is in work of its own under the lock file at `path`. It must be short and synchronous: others wait for
 * it and do nothing else. The lock of somebody who has died in it is broken after a second.
 *
 * @throws what `work` throws; the system's error where the lock cannot be made
 */
export function withLock<T>(path: string, work: () => T): T {
  for (let looks = 1; !take(path); looks += 1) {
    sleepBriefly();
    // Whoever takes it next has as long.
    if (looks % MAX_LOOKS === 0) fs.rmSync(path, { force: true });
  }
  try {
    return work();
  } finally {
    fs.rmSync(path, { force: true });
  }
}

function take(path: string): boolean {
  try {
    fs.closeSync(fs.openSync(path, 'wx', 0o600));
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function sleepBriefly(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_EVERY_MS);
}

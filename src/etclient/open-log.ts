import { openSync } from 'node:fs';
import { messageOf } from '../base/errors.ts';
import { usageError } from '../base/usage-error.ts';

/** Opens `--log FILE` to append to, readable by its owner alone. @throws {EtError} ET_ERR_USAGE */
export function openLog(path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (error) {
    throw usageError(`--log ${path}: ${messageOf(error)}`);
  }
}

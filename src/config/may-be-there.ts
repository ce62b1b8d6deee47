import { statSync } from 'node:fs';
import { systemCodeOf } from '../base/errors.ts';

/** Whether there is a file at `path`. One that cannot be looked at may well be there, and is then found to be unreadable. */
export function mayBeThere(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    return !isMissing(error);
  }
}

/** Whether it was thrown because there is no such file. */
export function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '');
}

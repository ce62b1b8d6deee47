import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { EtError, messageOf } from '../base/errors.ts';
import { isMissing } from './may-be-there.ts';

/** A longer one was not written by hand. */
const MAX_BYTES = 1024 * 1024;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * The text of a file that can make us run commands: nobody but the user and root may be able to write it, as with ssh_config. It is
 * the open file that is looked at, so that it cannot be exchanged in between.
 *
 * @returns `undefined` where there is none
 * @throws {EtError} ET_ERR_CONFIG, one line
 */
export function readTrustedFile(path: string, userId: number): string | undefined {
  let fd: number;
  try {
    // A pipe without a writer would be waited for.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw unreadable(path, error);
  }
  try {
    checkFile(path, fd, userId);
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(fd));
  } catch (error) {
    throw error instanceof EtError ? error : unreadable(path, error);
  } finally {
    closeSync(fd);
  }
}

function checkFile(path: string, fd: number, userId: number): void {
  const { mode, size, uid } = fstatSync(fd);
  if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw refused(path, 'is not a file');
  if (uid !== userId && uid !== 0) {
    throw refused(path, `is neither yours nor root's: run chown on it, or remove it`);
  }
  if ((mode & WRITABLE_BY_OTHERS) !== 0) {
    throw refused(path, `can be written by others: run chmod go-w ${path}`);
  }
  if (size > MAX_BYTES) throw refused(path, `has more than ${MAX_BYTES} bytes`);
}

function unreadable(path: string, cause: unknown): EtError {
  // What a decoder says about bytes that are not UTF-8 is of no use.
  const reason = cause instanceof TypeError ? 'it is not UTF-8' : messageOf(cause);
  return new EtError('ET_ERR_CONFIG', `${path} cannot be read: ${reason}`, { cause });
}

function refused(path: string, objection: string): EtError {
  return new EtError('ET_ERR_CONFIG', `${path} ${objection}`);
}

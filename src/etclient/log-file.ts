import { closeSync, fstatSync, openSync, renameSync } from 'node:fs';
import { messageOf } from '../base/errors.ts';
import { usageError } from '../base/usage-error.ts';
import { writeLog } from './write-log.ts';

/** A file that is longer gives way to another: `-vvv` for months fills no disk. */
const MAX_BYTES: number = 16 * 1024 * 1024;

/**
 * `--log FILE`: appended to, and readable by its owner alone. The one before it is kept as FILE.1, so that there are at most two of 16 MiB.
 * What is no regular file, as a terminal or a pipe, is only written to.
 */
export class LogFile {
  readonly #path: string;
  readonly #maxBytes: number;
  #descriptor: number;
  /** `undefined`: it is no regular file. */
  #bytes: number | undefined;

  /** @throws {EtError} ET_ERR_USAGE */
  constructor(path: string, maxBytes: number = MAX_BYTES) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    try {
      this.#descriptor = openSync(path, 'a', 0o600);
    } catch (error) {
      throw usageError(`--log ${path}: ${messageOf(error)}`);
    }
    this.#bytes = sizeOf(this.#descriptor);
  }

  write(line: string): void {
    if (this.#bytes !== undefined) {
      this.#bytes += Buffer.byteLength(line);
      if (this.#bytes > this.#maxBytes) this.#beginAnew(line);
    }
    writeLog(this.#descriptor, line);
  }

  /** Where that is not possible, the file grows on until it is. */
  #beginAnew(line: string): void {
    try {
      renameSync(this.#path, `${this.#path}.1`);
      const descriptor = openSync(this.#path, 'a', 0o600);
      closeSync(this.#descriptor);
      this.#descriptor = descriptor;
    } catch {
      // The directory is read-only, or gone.
    }
    this.#bytes = Buffer.byteLength(line);
  }
}

function sizeOf(descriptor: number): number | undefined {
  const status = fstatSync(descriptor);
  return status.isFile() ? status.size : undefined;
}

import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { EtError, systemCodeOf } from '../base/errors.ts';
import type { SpoolDisk } from './spool-disk.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = fs.constants;

const open = promisify(fs.open);
const mkdir = promisify(fs.mkdir);

/** What the files of a spool are called. */
export const SPOOL_FILE_NAME: RegExp = /^\d{1,9}\.spool$/u;

interface OpenFile {
  readonly file: number;
  readonly descriptor: number;
}

/**
 * A directory of files that only their owner may read. It is made for the first of them.
 *
 * Between any two calls: at most two files are open, the one that is written and the one that was read last. Nothing is followed that is a
 * link, and nothing opened that was there before.
 */
export class SpoolFiles implements SpoolDisk {
  readonly #directory: string;
  readonly #made = new Set<number>();
  #isMade = false;
  #isRemoved = false;
  #isBusy = false;
  #writing: OpenFile | undefined;
  #reading: OpenFile | undefined;

  /** `directory` must not be there; those above it are made where they are missing. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  write(
    file: number,
    position: number,
    pieces: readonly Uint8Array[],
    done: (failure?: unknown) => void,
  ): void {
    this.#isBusy = true;
    void this.#write(file, position, pieces)
      .catch((failure: unknown) => failure)
      .then((failure) => {
        this.#isBusy = false;
        if (failure !== undefined) this.#closeWriting();
        // What was under way when everything was deleted has come too late for it.
        if (this.#isRemoved) this.remove();
        done(failure);
      });
  }

  read(file: number, position: number, into: Uint8Array): void {
    const descriptor = this.#readerOf(file);
    let filled = 0;
    while (filled < into.length) {
      const left = into.length - filled;
      const count = fs.readSync(descriptor, into, filled, left, position + filled);
      if (count === 0)
        throw new EtError('ET_ERR_STATE', `${this.#pathOf(file)} ends at ${position + filled}`);
      filled += count;
    }
  }

  forget(file: number): void {
    if (this.#writing?.file === file) this.#closeWriting();
    if (this.#reading?.file === file) this.#closeReading();
    this.#made.delete(file);
    // Where it cannot be deleted, the directory is, at the end.
    fs.unlink(this.#pathOf(file), () => undefined);
  }

  remove(): void {
    this.#isRemoved = true;
    // Its number could be another file's before a thread has come to write to it.
    if (!this.#isBusy) this.#closeWriting();
    this.#closeReading();
    if (!this.#isMade) return;
    try {
      fs.rmSync(this.#directory, { recursive: true, force: true });
    } catch {
      // The next session server tries again.
    }
  }

  async #write(file: number, position: number, pieces: readonly Uint8Array[]): Promise<void> {
    const descriptor = await this.#writerOf(file);
    let at = position;
    let rest = pieces;
    while (rest.length > 0) {
      if (this.#isRemoved) return;
      const count = await writeSome(descriptor, rest, at);
      at += count;
      rest = without(rest, count);
    }
  }

  async #writerOf(file: number): Promise<number> {
    if (this.#writing?.file === file) return this.#writing.descriptor;
    this.#closeWriting();
    await this.#makeDirectory();
    const isThere = this.#made.has(file);
    const flags = O_WRONLY | O_NOFOLLOW | (isThere ? 0 : O_CREAT | O_EXCL);
    const descriptor = await open(this.#pathOf(file), flags, 0o600).catch((failure: unknown) => {
      // Somebody has deleted it, or the directory: the next attempt makes it anew.
      if (systemCodeOf(failure) === 'ENOENT' && !this.#made.delete(file)) this.#isMade = false;
      throw failure;
    });
    this.#made.add(file);
    this.#writing = { file, descriptor };
    return descriptor;
  }

  async #makeDirectory(): Promise<void> {
    if (this.#isMade || this.#isRemoved) return;
    await mkdir(dirname(this.#directory), { recursive: true, mode: 0o700 });
    await mkdir(this.#directory, { mode: 0o700 });
    this.#isMade = true;
  }

  #readerOf(file: number): number {
    if (this.#reading?.file === file) return this.#reading.descriptor;
    this.#closeReading();
    // A fifo in its place must not keep us waiting.
    const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
    const descriptor = fs.openSync(this.#pathOf(file), flags);
    this.#reading = { file, descriptor };
    return descriptor;
  }

  #closeWriting(): void {
    if (this.#writing !== undefined) fs.close(this.#writing.descriptor, () => undefined);
    this.#writing = undefined;
  }

  #closeReading(): void {
    if (this.#reading !== undefined) fs.close(this.#reading.descriptor, () => undefined);
    this.#reading = undefined;
  }

  #pathOf(file: number): string {
    return join(this.#directory, `${file}.spool`);
  }
}

/** How many bytes the system has taken. */
function writeSome(
  descriptor: number,
  pieces: readonly Uint8Array[],
  position: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.writev(descriptor, pieces, position, (failure, count) => {
      if (failure === null) resolve(count);
      else reject(failure);
    });
  });
}

function without(pieces: readonly Uint8Array[], count: number): Uint8Array[] {
  let left = count;
  const rest: Uint8Array[] = [];
  for (const piece of pieces) {
    const taken = Math.min(left, piece.length);
    left -= taken;
    if (taken < piece.length) rest.push(piece.subarray(taken));
  }
  return rest;
}

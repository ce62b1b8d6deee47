import { concatBytes } from '../../src/base/bytes.ts';
import type { SpoolDisk } from '../../src/terminal/spool-disk.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A disk for spools in virtual time, which can be slow, full, or lose what it has. */
export class MemoryDisk implements SpoolDisk {
  /** The code that writes fail with; `undefined`: they succeed. */
  failure: string | undefined;
  /** How long a write takes. */
  delayMs = 1;
  isRemoved = false;
  writeCount = 0;
  /** The most bytes that one write has had. */
  largestWrite = 0;
  readonly files: Map<number, Map<number, Uint8Array>> = new Map();
  readonly forgotten: number[] = [];
  readonly #clock: VirtualClock;
  #isWriting = false;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  write(
    file: number,
    position: number,
    pieces: readonly Uint8Array[],
    done: (failure?: unknown) => void,
  ): void {
    if (this.#isWriting) throw new Error('two writes at a time');
    if (this.forgotten.includes(file)) throw new Error(`file ${file} was forgotten`);
    this.#isWriting = true;
    this.writeCount += 1;
    this.#clock.schedule(this.delayMs, () => {
      this.#isWriting = false;
      const bytes = concatBytes(pieces);
      this.largestWrite = Math.max(this.largestWrite, bytes.length);
      if (this.failure === undefined) this.#put(file, position, bytes);
      done(this.failure === undefined ? undefined : systemError(this.failure));
    });
  }

  read(file: number, position: number, into: Uint8Array): void {
    const bytes = this.files.get(file)?.get(position);
    if (bytes?.length !== into.length) throw systemError('ENOENT');
    into.set(bytes);
  }

  forget(file: number): void {
    this.files.delete(file);
    this.forgotten.push(file);
  }

  remove(): void {
    this.isRemoved = true;
    this.files.clear();
  }

  /** Changes one bit of each block of `file`. */
  tamper(file: number): void {
    for (const bytes of this.files.get(file)?.values() ?? []) bytes[7] = (bytes[7] ?? 0) ^ 1;
  }

  /** By sealed blocks, as a spool reads them. */
  #put(file: number, position: number, bytes: Uint8Array): void {
    const blocks = this.files.get(file) ?? new Map<number, Uint8Array>();
    this.files.set(file, blocks);
    const size = 65_536 + 16;
    for (let at = 0; at < bytes.length; at += size)
      blocks.set(position + at, bytes.slice(at, at + size));
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: the disk of a test`), { code });
}

import { fillPattern, firstDifference } from './pattern.ts';
import type { SimReport } from './sim-report.ts';

/**
 * The truth about one direction of a channel: what was accepted from its writer, and what has come out.
 *
 * Between any two calls: `received <= written`; what was received is exactly the first `received` bytes, with every
 * note in its place.
 */
export class FlowRecord {
  readonly #name: string;
  readonly #key: number;
  readonly #report: SimReport;
  written = 0;
  received = 0;
  consumed = 0;
  isEnded = false;
  isEofReceived = false;
  /** Where each note was written, in bytes; the note's number is its index. */
  readonly #notesAt: number[] = [];
  #notesReceived = 0;
  #bytesAfterEofAt: number | undefined;

  constructor(name: string, key: number, report: SimReport) {
    this.#name = name;
    this.#key = key;
    this.#report = report;
  }

  /** The next `count` bytes to write. */
  make(count: number): Uint8Array {
    return fillPattern(this.#key, this.written, new Uint8Array(count));
  }

  /** The number of the next note, which is written now. */
  note(): number {
    this.#notesAt.push(this.written);
    return this.#notesAt.length - 1;
  }

  end(): void {
    this.isEnded = true;
    this.#bytesAfterEofAt ??= this.written;
  }

  receive(bytes: Uint8Array): void {
    const at = firstDifference(this.#key, this.received, bytes);
    if (at >= 0) this.#fail(`wrong byte at ${this.received + at}`);
    this.received += bytes.length;
    this.#report.deliveredBytes += bytes.length;
    if (bytes.length === 0) this.#fail('no bytes delivered');
    if (this.isEofReceived) this.#fail('bytes after the end of file');
    if (this.received > this.written) {
      this.#fail(`${this.received} bytes received, ${this.written} written`);
    }
    const noteAt = this.#notesAt[this.#notesReceived];
    if (noteAt !== undefined && noteAt < this.received) {
      this.#fail(`note ${this.#notesReceived} of ${noteAt} overtaken by byte ${this.received}`);
    }
  }

  receiveNote(number: unknown): void {
    const expected = this.#notesReceived;
    this.#notesReceived += 1;
    this.#report.deliveredNotes += 1;
    if (number !== expected) this.#fail(`note ${String(number)}, expected ${expected}`);
    if (this.#notesAt[expected] !== this.received) {
      this.#fail(`note ${expected} at ${this.received}, written at ${this.#notesAt[expected]}`);
    }
  }

  receiveEof(): void {
    if (this.isEofReceived) this.#fail('a second end of file');
    this.isEofReceived = true;
    if (!this.isEnded) this.#fail('end of file without an end');
    if (this.received !== this.#bytesAfterEofAt) {
      this.#fail(`end of file after ${this.received} of ${this.#bytesAfterEofAt} bytes`);
    }
  }

  /** What is missing, in words; `undefined` when everything has come out. */
  get missing(): string | undefined {
    if (this.received !== this.written) {
      return `${this.#name}: ${this.received} of ${this.written} bytes`;
    }
    if (this.#notesReceived !== this.#notesAt.length) {
      return `${this.#name}: ${this.#notesReceived} of ${this.#notesAt.length} notes`;
    }
    return this.isEnded && !this.isEofReceived ? `${this.#name}: no end of file` : undefined;
  }

  #fail(message: string): void {
    this.#report.fail(`${this.#name}: ${message}`);
  }
}

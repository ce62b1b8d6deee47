import type { BackedReader } from '../../src/backed/backed-reader.ts';
import type { BackedWriter } from '../../src/backed/backed-writer.ts';
import type { Range } from '../../src/backed/range-set.ts';

export type WriterSide = Pick<
  BackedWriter,
  'reserve' | 'commit' | 'takeLost' | 'acknowledge' | 'lost' | 'next'
>;
export type ReaderSide = Pick<BackedReader, 'place' | 'ranges' | 'next'>;

export interface PieceMaker {
  newWriter(): WriterSide;
  newReader(): ReaderSide;
}

/** What a writer knows of its bytes: how many there are, and two sets as bit masks. */
export interface WriterSets {
  readonly sequenced: number;
  readonly acknowledged: number;
  readonly lost: number;
}

/** What a writer is, and what came of asking it for something to send. */
export interface WriterAfter extends WriterSets {
  readonly taken:
    | { readonly range: Range; readonly isAgain: boolean; readonly isRight: boolean }
    | undefined;
}

export interface Placed {
  readonly received: number;
  readonly problem: string | undefined;
}

/** A range as a set: bit n is byte n. */
export function mask({ start, end }: Range): number {
  return ((1 << end) - 1) & ~((1 << start) - 1);
}

function rangesOf(set: number): Range[] {
  const ranges: Range[] = [];
  for (let at = 0; set >> at !== 0; at += 1) {
    if (((set >> at) & 1) === 0) continue;
    const start = at;
    while (((set >> at) & 1) === 1) at += 1;
    ranges.push({ start, end: at });
  }
  return ranges;
}

/**
 * A writer and a reader that are made anew for every question, from what is known of them, and asked once for each
 * thing that they can be asked: the same question has the same answer.
 */
export class ResumePieces {
  readonly #make: PieceMaker;
  readonly #byteCount: number;
  readonly #writersAfter = new Map<string, WriterAfter>();
  readonly #placed = new Map<string, Placed>();

  /** The stream is `byteCount` bytes long. */
  constructor(make: PieceMaker, byteCount: number) {
    this.#make = make;
    this.#byteCount = byteCount;
  }

  afterCalling(
    sets: WriterSets,
    ranges: readonly Range[],
    what: 'lost' | 'acknowledge',
  ): WriterAfter {
    return remembered(this.#writersAfter, questionOf(sets, what, ranges), () => {
      const writer = this.#writer(sets);
      for (const { start, end } of ranges) writer[what](start, end);
      return read(writer, undefined);
    });
  }

  /** Lost bytes before fresh ones, as the builder of records does. */
  afterSending(sets: WriterSets, count: number): WriterAfter {
    return remembered(this.#writersAfter, questionOf(sets, `send ${count}`, []), () => {
      const writer = this.#writer(sets);
      const again = writer.takeLost(count);
      if (again !== undefined) return read(writer, { ...again, isAgain: true });
      const range = { start: sets.sequenced, end: sets.sequenced + count };
      if (range.end > this.#byteCount) return read(writer, undefined);
      writer.reserve(count).set(bytesOf(range));
      return read(writer, { ...writer.commit(count), isAgain: false });
    });
  }

  afterPlacing(received: number, range: Range): Placed {
    return remembered(this.#placed, `${received} ${range.start}-${range.end}`, () => {
      const reader = this.#reader(received);
      const before = reader.next;
      const delivered: number[] = [];
      const deliver = (bytes: Uint8Array): void => {
        delivered.push(...bytes);
      };
      reader.place(range.start, bytesOf(range), deliver);
      const expected = [...bytesOf({ start: before, end: reader.next })].join();
      // A second copy is like none.
      reader.place(range.start, bytesOf(range), deliver);
      const has = delivered.join();
      return {
        received: receivedBy(reader),
        problem: has === expected ? undefined : `delivered ${has} for ${expected}`,
      };
    });
  }

  /** The writer made anew: it is all in these three sets. */
  #writer({ sequenced, acknowledged, lost }: WriterSets): WriterSide {
    const writer = this.#make.newWriter();
    if (sequenced === 0) return writer;
    writer.reserve(sequenced).set(bytesOf({ start: 0, end: sequenced }));
    writer.commit(sequenced);
    for (const { start, end } of rangesOf(acknowledged)) writer.acknowledge(start, end);
    for (const { start, end } of rangesOf(lost)) writer.lost(start, end);
    return writer;
  }

  #reader(received: number): ReaderSide {
    const reader = this.#make.newReader();
    for (const range of rangesOf(received))
      reader.place(range.start, bytesOf(range), () => undefined);
    return reader;
  }

  /** What a RESUME says of the reader that has `received`. */
  resumeOf(received: number): { readonly next: number; readonly ranges: readonly Range[] } {
    const reader = this.#reader(received);
    return { next: reader.next, ranges: reader.ranges(64) };
  }
}

function questionOf(
  { sequenced, acknowledged, lost }: WriterSets,
  what: string,
  ranges: readonly Range[],
): string {
  let question = `${sequenced} ${acknowledged} ${lost} ${what}`;
  for (const { start, end } of ranges) question += ` ${start}-${end}`;
  return question;
}

function remembered<T>(known: Map<string, T>, key: string, make: () => T): T {
  const old = known.get(key);
  if (old !== undefined) return old;
  const made = make();
  known.set(key, made);
  return made;
}

/** Reads the three sets out of a writer, which is used up by that. */
function read(
  writer: WriterSide,
  taken:
    | { readonly offset: number; readonly bytes: Uint8Array; readonly isAgain: boolean }
    | undefined,
): WriterAfter {
  const what = taken === undefined ? undefined : takenOf(taken.offset, taken.bytes, taken.isAgain);
  const sequenced = writer.next;
  const lost = drain(writer);
  writer.lost(0, sequenced);
  const acknowledged = mask({ start: 0, end: sequenced }) & ~drain(writer);
  return { sequenced, acknowledged, lost, taken: what };
}

function takenOf(offset: number, bytes: Uint8Array, isAgain: boolean): WriterAfter['taken'] {
  const range = { start: offset, end: offset + bytes.length };
  const isRight = bytesOf(range).every((byte, i) => byte === bytes[i]);
  return { range, isAgain, isRight };
}

function receivedBy(reader: ReaderSide): number {
  let received = mask({ start: 0, end: reader.next });
  for (const held of reader.ranges(64)) received |= mask(held);
  return received;
}

/** Takes all that is lost; as a set. */
function drain(writer: WriterSide): number {
  let lost = 0;
  for (let taken = writer.takeLost(64); taken !== undefined; taken = writer.takeLost(64))
    lost |= mask({ start: taken.offset, end: taken.offset + taken.bytes.length });
  return lost;
}

/** The stream's bytes: 1, 2, 3 ... */
function bytesOf({ start, end }: Range): Uint8Array {
  return Uint8Array.from({ length: end - start }, (_, i) => start + i + 1);
}

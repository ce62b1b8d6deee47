import { describe, expect, test } from 'vitest';
import { BackedReader } from '../../src/backed/backed-reader.ts';
import { BackedWriter, type TakenRange } from '../../src/backed/backed-writer.ts';
import { type Exploration, explore } from './explore.ts';
import { ResumeModel, type ResumeParts, SHIPPED } from './resume-model.ts';

const MAX_STATES = 200_000;

function search(parts: ResumeParts, byteCount: number, maxRecords: number): Exploration {
  return explore(new ResumeModel(parts, { byteCount, maxRecordBytes: 2, maxRecords }), MAX_STATES);
}

test.each([
  [2, 2],
  [3, 1],
])(
  'of %i bytes, %i records on each of two links, none is lost or doubled, and all arrive while links keep coming',
  (byteCount, maxRecords) => {
    const { stateCount, finding } = search(SHIPPED, byteCount, maxRecords);
    expect(finding).toBe(undefined);
    expect(stateCount).toBeGreaterThan(20_000);
  },
  180_000,
);

/** Takes one lost byte more off than it gives. */
class SloppyWriter extends BackedWriter {
  override takeLost(maxBytes: number): TakenRange | undefined {
    const taken = super.takeLost(maxBytes);
    super.takeLost(1);
    return taken;
  }
}

/** Hears of acknowledgements only in order. */
class DeafWriter extends BackedWriter {
  override acknowledge(start: number, end: number): void {
    if (start <= this.acknowledged) super.acknowledge(start, end);
  }
}

/** Delivers whatever begins at or below what is missing. */
class RepeatingReader extends BackedReader {
  override place(offset: number, bytes: Uint8Array, deliver: (bytes: Uint8Array) => void): void {
    if (offset < this.next) deliver(bytes);
    super.place(offset, bytes, deliver);
  }
}

/** Throws away what comes before its turn. */
class ImpatientReader extends BackedReader {
  override place(offset: number, bytes: Uint8Array, deliver: (bytes: Uint8Array) => void): void {
    if (offset <= this.next) super.place(offset, bytes, deliver);
  }
}

/** Delivers what comes before its turn. */
class HastyReader extends BackedReader {
  override place(offset: number, bytes: Uint8Array, deliver: (bytes: Uint8Array) => void): void {
    if (offset > this.next) deliver(bytes);
    super.place(offset, bytes, deliver);
  }
}

const MUTANTS: readonly [string, Partial<ResumeParts>, RegExp][] = [
  ['what was on its way is not sent again', { requeues: false }, /nobody cares/u],
  [
    'a record is acknowledged before its bytes are placed',
    { acknowledges: 'arrived' },
    /acknowledged that was never placed/u,
  ],
  [
    'a RESUME acknowledges across its gaps',
    { resumes: 'highest' },
    /acknowledged that was never placed/u,
  ],
  [
    'more is taken off than is sent again',
    { newWriter: () => new SloppyWriter() },
    /nobody cares/u,
  ],
  [
    'an acknowledgement out of order is ignored',
    { newWriter: () => new DeafWriter() },
    /nobody cares/u,
  ],
  ['a second copy is delivered', { newReader: () => new RepeatingReader() }, /delivered 1/u],
  [
    'bytes before their turn are thrown away',
    { newReader: () => new ImpatientReader() },
    /acknowledged that was never placed/u,
  ],
  [
    'bytes before their turn are delivered',
    { newReader: () => new HastyReader() },
    /delivered 2,2 for/u,
  ],
];

describe('the search notices when', () => {
  test.each(MUTANTS)('%s', (_what, change, problem) => {
    const { finding } = search({ ...SHIPPED, ...change }, 3, 1);
    expect(finding?.problem).toMatch(problem);
    expect(finding?.trace.length).toBeGreaterThan(0);
  });

  test('nothing can end well any more', () => {
    const never = new ResumeModel(SHIPPED, { byteCount: 1, maxRecordBytes: 1, maxRecords: 1 });
    const finding = explore(
      {
        initial: never.initial,
        keyOf: (state) => never.keyOf(state),
        actionsOf: (state) => never.actionsOf(state),
        problemOf: (state) => never.problemOf(state),
        isGoal: ({ sequenced }) => sequenced === 0,
      },
      MAX_STATES,
    ).finding;
    expect(finding?.problem).toMatch(/never ends well/u);
    expect(finding?.trace).toEqual(['link 0 joins', '[0, 1) goes out on 0']);
  });
});

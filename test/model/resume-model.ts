import { BackedReader } from '../../src/backed/backed-reader.ts';
import { BackedWriter } from '../../src/backed/backed-writer.ts';
import type { Range } from '../../src/backed/range-set.ts';
import type { Action, Model } from './explore.ts';
import { mask, type PieceMaker, ResumePieces, type WriterSets } from './resume-pieces.ts';

/** The pieces that the model drives, and what a session does with them. */
export interface ResumeParts extends PieceMaker {
  /** Whether what was on its way is called lost when its link is. */
  readonly requeues: boolean;
  /** Whether a record is acknowledged once its bytes are placed, or as soon as it is there. */
  readonly acknowledges: 'placed' | 'arrived';
  /** What a RESUME makes of its ranges. */
  readonly resumes: 'exact' | 'highest';
}

export const SHIPPED: ResumeParts = {
  newWriter: () => new BackedWriter(),
  newReader: () => new BackedReader(),
  requeues: true,
  acknowledges: 'placed',
  resumes: 'exact',
};

export interface ResumeBounds {
  /** Length of the stream. */
  readonly byteCount: number;
  readonly maxRecordBytes: number;
  /** Records of one link of which anything is still to come. */
  readonly maxRecords: number;
}

/** Bytes [start, end) in one record of one link. */
interface Sent extends Range {
  /** The sender waits for its acknowledgement. */
  readonly isAwaited: boolean;
  /** `coming`: may still arrive; `there`: has not been placed yet; `placed`; `gone`. */
  readonly fate: 'coming' | 'there' | 'placed' | 'gone';
}

/** Each end learns by itself that a link is dead; the slot is free when both have. */
interface Link {
  readonly senderHasIt: boolean;
  readonly receiverHasIt: boolean;
  readonly records: readonly Sent[];
  /** The receiver's RESUME while it may still arrive. */
  readonly resume: { readonly next: number; readonly ranges: readonly Range[] } | undefined;
}

/** Sets of bytes are bit masks. */
export interface ResumeState extends WriterSets {
  readonly received: number;
  readonly links: readonly (Link | undefined)[];
}

const NO_LINK = undefined;

const NAMES = new WeakMap<Link, string>();

/** All that distinguishes links; made once for each, since states share them. */
function nameOf(link: Link | undefined): string {
  if (link === undefined) return '-';
  let name = NAMES.get(link);
  if (name !== undefined) return name;
  name = `${link.senderHasIt ? 's' : ''}${link.receiverHasIt ? 'r' : ''}`;
  for (const { start, end, isAwaited, fate } of link.records)
    name += `,${start}${end}${isAwaited ? 'a' : ''}${fate.charAt(0)}${fate.charAt(1)}`;
  if (link.resume !== undefined) {
    name += `;${link.resume.next}`;
    for (const { start, end } of link.resume.ranges) name += `-${start}${end}`;
  }
  NAMES.set(link, name);
  return name;
}

/**
 * One stream, from a writer to a reader, over two links at a time and any number in all. Records are delivered in any
 * order, late, after they were called lost, or never; acknowledgements too; each end loses each link when it likes.
 * A second copy of a record changes nothing in the reader, which is checked whenever one is placed.
 */
export class ResumeModel implements Model<ResumeState> {
  readonly initial: ResumeState = {
    sequenced: 0,
    acknowledged: 0,
    lost: 0,
    received: 0,
    links: [NO_LINK, NO_LINK],
  };
  readonly #parts: ResumeParts;
  readonly #bounds: ResumeBounds;
  readonly #pieces: ResumePieces;

  constructor(parts: ResumeParts, bounds: ResumeBounds) {
    this.#parts = parts;
    this.#bounds = bounds;
    this.#pieces = new ResumePieces(parts, bounds.byteCount);
  }

  /** The two slots are alike. */
  keyOf({ links, ...rest }: ResumeState): string {
    const [first = '', second = ''] = links.map(nameOf);
    const slots = first < second ? `${first}|${second}` : `${second}|${first}`;
    return `${rest.sequenced} ${rest.acknowledged} ${rest.lost} ${rest.received} ${slots}`;
  }

  isGoal({ acknowledged, received }: ResumeState): boolean {
    const all = (1 << this.#bounds.byteCount) - 1;
    return acknowledged === all && received === all;
  }

  problemOf(state: ResumeState): string | undefined {
    const { acknowledged, received, lost, sequenced } = state;
    if ((acknowledged & ~received) !== 0) return 'a byte is acknowledged that was never placed';
    if ((lost & acknowledged) !== 0) return 'an acknowledged byte is to be sent again';
    let cared = acknowledged | lost;
    for (const link of state.links)
      for (const record of link?.records ?? []) if (record.isAwaited) cared |= mask(record);
    if (((1 << sequenced) - 1) & ~cared) return 'nobody cares for a byte any more';
    return undefined;
  }

  *actionsOf(state: ResumeState): Generator<Action<ResumeState>> {
    for (const [slot, link] of state.links.entries()) {
      if (link === undefined) {
        yield { name: `link ${slot} joins`, next: withLink(state, slot, this.#newLink(state)) };
        continue;
      }
      yield* this.#sendings(state, slot, link);
      yield* this.#endings(state, slot, link);
      if (link.resume !== undefined && link.senderHasIt) yield this.#resume(state, slot, link);
      for (const index of link.records.keys()) yield* this.#fates(state, slot, link, index);
    }
  }

  *#sendings(state: ResumeState, slot: number, link: Link): Generator<Action<ResumeState>> {
    if (!link.senderHasIt || link.records.length >= this.#bounds.maxRecords) return;
    for (let count = 1; count <= this.#bounds.maxRecordBytes; count += 1) {
      const { taken, ...sets } = this.#pieces.afterSending(state, count);
      if (taken === undefined) return;
      const { range, isAgain, isRight } = taken;
      const fate = link.receiverHasIt ? 'coming' : 'gone';
      const records = [...link.records, { ...range, isAwaited: true, fate } as const];
      yield {
        name: `[${range.start}, ${range.end}) goes out on ${slot}${isAgain ? ' again' : ''}`,
        next: withLink({ ...state, ...sets }, slot, { ...link, records }),
        problem: isRight ? undefined : 'other bytes go out than were written',
      };
    }
  }

  *#endings(state: ResumeState, slot: number, link: Link): Generator<Action<ResumeState>> {
    if (link.senderHasIt) {
      const records = link.records.map((record) => ({ ...record, isAwaited: false }));
      const ended = { ...link, senderHasIt: false, resume: undefined, records };
      const awaited = link.records.filter(({ isAwaited }) => isAwaited);
      const kept = this.#parts.requeues ? this.#called(state, awaited, 'lost') : state;
      yield { name: `sender loses ${slot}`, next: withLink(kept, slot, ended) };
    }
    if (link.receiverHasIt) {
      const records = link.records.map((record) =>
        record.fate === 'placed' ? record : ({ ...record, fate: 'gone' } as const),
      );
      const ended = { ...link, receiverHasIt: false, resume: undefined, records };
      yield { name: `receiver loses ${slot}`, next: withLink(state, slot, ended) };
    }
  }

  #resume(state: ResumeState, slot: number, link: Link): Action<ResumeState> {
    const { next, ranges } = link.resume ?? { next: 0, ranges: [] };
    const last = ranges[ranges.length - 1];
    const has =
      this.#parts.resumes === 'highest' && last !== undefined
        ? [{ start: 0, end: last.end }]
        : [{ start: 0, end: next }, ...ranges];
    const resumed = this.#called(state, has, 'acknowledge');
    return {
      name: `RESUME arrives on ${slot}`,
      next: withLink(resumed, slot, { ...link, resume: undefined }),
    };
  }

  *#fates(
    state: ResumeState,
    slot: number,
    link: Link,
    index: number,
  ): Generator<Action<ResumeState>> {
    const record = link.records[index] as Sent;
    const name = `[${record.start}, ${record.end}) on ${slot}`;
    const become = (from: ResumeState, change: Partial<Sent>): ResumeState =>
      withRecord(from, slot, index, { ...record, ...change });
    if (record.fate === 'coming') {
      // One that is awaited may as well stay on its way for ever.
      if (!record.isAwaited)
        yield { name: `${name} vanishes`, next: become(state, { fate: 'gone' }) };
      if (this.#parts.acknowledges === 'placed') yield this.#place(state, record, name, become);
      else yield { name: `${name} arrives`, next: become(state, { fate: 'there' }) };
    }
    if (record.fate === 'there') yield this.#place(state, record, name, become);
    if (!record.isAwaited) return;
    const lost = this.#called(state, [record], 'lost');
    yield { name: `${name} is called lost`, next: become(lost, { isAwaited: false }) };
    if (record.fate === 'coming' || record.fate === 'gone' || !link.senderHasIt) return;
    const acknowledged = this.#called(state, [record], 'acknowledge');
    yield { name: `${name} is acknowledged`, next: become(acknowledged, { isAwaited: false }) };
  }

  #place(
    state: ResumeState,
    range: Range,
    name: string,
    become: (from: ResumeState, change: Partial<Sent>) => ResumeState,
  ): Action<ResumeState> {
    const { received, problem } = this.#pieces.afterPlacing(state.received, range);
    return {
      name: `${name} is placed`,
      next: become({ ...state, received }, { fate: 'placed' }),
      problem,
    };
  }

  #newLink(state: ResumeState): Link {
    const resume = this.#pieces.resumeOf(state.received);
    const isWorthSaying = resume.next > 0 || resume.ranges.length > 0;
    return {
      senderHasIt: true,
      receiverHasIt: true,
      records: [],
      resume: isWorthSaying ? resume : undefined,
    };
  }

  #called(state: ResumeState, ranges: readonly Range[], what: 'lost' | 'acknowledge'): ResumeState {
    const { taken: _, ...sets } = this.#pieces.afterCalling(state, ranges, what);
    return { ...state, ...sets };
  }
}

function withRecord(state: ResumeState, slot: number, index: number, record: Sent): ResumeState {
  const link = state.links[slot] as Link;
  return withLink(state, slot, {
    ...link,
    records: link.records.map((old, i) => (i === index ? record : old)),
  });
}

/** Drops what nothing can come of any more: records that are settled at both ends, links that both ends have lost. */
function withLink(state: ResumeState, slot: number, link: Link): ResumeState {
  const records = link.records.filter(
    ({ isAwaited, fate }) => isAwaited || fate === 'coming' || fate === 'there',
  );
  const isOver = !link.senderHasIt && !link.receiverHasIt;
  const links = state.links.map((old, i) => (i === slot ? { ...link, records } : old));
  return { ...state, links: isOver ? links.map((old, i) => (i === slot ? NO_LINK : old)) : links };
}

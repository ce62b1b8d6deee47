import type { Clock } from '../base/clock.ts';
import { MAX_STREAMS } from '../wire/limits.ts';
import { HedgeBudget } from './hedge-budget.ts';
import type { SentRecord } from './sent-records.ts';
import type { Session } from './session.ts';
import type { SessionLink } from './session-link.ts';

/** Without a budget a doubt moves no more than this of stream 0: keys and their echoes, not a flood. */
const URGENT_BYTES = 4096;

/**
 * Moves a session's bytes to another link within a round trip of the first one's silence. With another one at hand
 * nothing is lost by doubting early: streams keep the first copy of a byte, whichever link brings it.
 *
 * What a doubted link carries stays in flight on it, and is marked lost as well; so either link's acknowledgement does.
 * Where no other link could carry nothing is ever doubted.
 */
export class Doubts {
  readonly #session: Session;
  readonly #clock: Clock;
  readonly #budget = new HedgeBudget();
  #isJudging = false;

  constructor(session: Session, clock: Clock) {
    this.#session = session;
    this.#clock = clock;
  }

  /** When a link has to be looked at; infinity when none has. */
  get dueMs(): number {
    let dueMs = Number.POSITIVE_INFINITY;
    const { links } = this.#session;
    if (links.count < 2) return dueMs;
    for (const link of links)
      dueMs = Math.min(dueMs, this.#doubtDueMs(link) ?? dueMs, link.doubt.steadyAtMs ?? dueMs);
    return dueMs;
  }

  look(nowMs: number): void {
    let isDue = false;
    for (const link of this.#session.links) {
      if ((link.doubt.steadyAtMs ?? Number.POSITIVE_INFINITY) <= nowMs) {
        link.doubt.settle();
        this.#session.settled(link);
      }
      isDue ||= this.#isDue(link, nowMs);
    }
    if (!isDue) return;
    // The answer may have arrived while we were busy, and wait to be read.
    this.#isJudging = true;
    this.#clock.afterIo(() => {
      this.#isJudging = false;
      this.#judge();
    });
  }

  /** A record was sent that carries this much of the streams. */
  noteSent(bytes: number): void {
    this.#budget.sent(bytes);
  }

  /** `record` of `link` has arrived: so have its ranges, and where another link has brought them as well that was wasted. */
  acknowledge(link: SessionLink, record: SentRecord): void {
    for (const { stream, start, end } of record.ranges) {
      const writer = this.#session.writers[stream];
      if (writer === undefined) continue;
      if (!link.doubt.isHedged(record.number, stream)) {
        writer.acknowledge(start, end);
        continue;
      }
      const lostBefore = writer.lostBytes;
      writer.acknowledge(start, end);
      const unsentBytes = lostBefore - writer.lostBytes;
      this.#budget.wasted(end - start - unsentBytes);
    }
  }

  #isDue(link: SessionLink, nowMs: number): boolean {
    return (this.#doubtDueMs(link) ?? Number.POSITIVE_INFINITY) <= nowMs;
  }

  #doubtDueMs(link: SessionLink): number | undefined {
    if (this.#isJudging || link.isSuspect || link.isRetired || !this.#hasOther(link))
      return undefined;
    return link.doubtDueMs;
  }

  /** Whether another link could carry what this one does. */
  #hasOther(link: SessionLink): boolean {
    for (const other of this.#session.links) {
      if (other === link || other.isSuspect || other.isRetired) continue;
      if (other.doubt.state !== 'overdue') return true;
    }
    return false;
  }

  #judge(): void {
    const session = this.#session;
    if (session.isOver) return;
    const nowMs = this.#clock.now();
    for (const link of session.links) {
      if (!this.#isDue(link, nowMs)) continue;
      this.#hedge(link, nowMs);
      session.doubted(link);
    }
    session.wake();
  }

  /** Everything where the budget allows it, else what is small and urgent. */
  #hedge(link: SessionLink, nowMs: number): void {
    const records = [...link.sent];
    const urgentBytes = records.reduce((sum, record) => sum + bytesOfStream0(record), 0);
    const streams = this.#budget.hasAny ? MAX_STREAMS : urgentBytes <= URGENT_BYTES ? 1 : 0;
    for (const { number, ranges } of records) {
      for (const { stream, start, end } of ranges) {
        if (stream >= streams || link.doubt.isHedged(number, stream)) continue;
        this.#session.writers[stream]?.lost(start, end);
      }
    }
    link.doubt.begin(nowMs, link.sent.next, streams);
  }
}

function bytesOfStream0({ ranges }: SentRecord): number {
  return ranges.reduce((sum, { stream, start, end }) => sum + (stream === 0 ? end - start : 0), 0);
}

import { FlowRecord } from './flow-record.ts';
import type { SimReport } from './sim-report.ts';

export type End = 'opener' | 'answerer';
/** How one end of a channel came to its end. */
export type ChannelFate = 'ended' | 'reset' | 'was-reset' | 'refused' | 'was-refused';

/** The truth about one channel, both directions, both ends. */
export class ChannelRecord {
  readonly key: number;
  readonly name: string;
  /** `flows.opener` is what the opener writes. */
  readonly flows: Readonly<Record<End, FlowRecord>>;
  readonly fates: Partial<Record<End, ChannelFate>> = {};
  readonly #report: SimReport;

  constructor(key: number, name: string, report: SimReport) {
    this.key = key;
    this.name = name;
    this.#report = report;
    this.flows = {
      opener: new FlowRecord(`${name} from its opener`, 2 * key, report),
      answerer: new FlowRecord(`${name} to its opener`, 2 * key + 1, report),
    };
  }

  get isOver(): boolean {
    const { opener, answerer } = this.fates;
    // An OPEN that was taken back before it was sent never comes to the other end.
    return opener !== undefined && (answerer !== undefined || opener === 'reset');
  }

  close(end: End, fate: ChannelFate): void {
    if (this.fates[end] !== undefined) this.#report.fail(`${this.name}: closed twice by ${end}`);
    this.fates[end] = fate;
    this.#report.trace(`${this.name}: ${end} ${fate}`);
    if (fate !== 'ended') return;
    const other = end === 'opener' ? 'answerer' : 'opener';
    const { missing } = this.flows[other];
    if (missing !== undefined) this.#report.fail(`closed without a reason, but ${missing}`);
    if (!this.flows[end].isEnded) this.#report.fail(`${this.name}: closed while ${end} writes`);
  }

  /** What is wrong when nothing moves any more. */
  get problem(): string | undefined {
    const { opener, answerer } = this.fates;
    if (opener === undefined) return `${this.name}: never closed at its opener`;
    if (answerer === undefined && opener !== 'reset') {
      return `${this.name}: opener ${opener}, answerer never closed`;
    }
    const reasons = [opener, answerer];
    if (reasons.every((fate) => fate === 'ended')) {
      return this.flows.opener.missing ?? this.flows.answerer.missing;
    }
    if (reasons.includes('ended')) return `${this.name}: ${reasons.join(' and ')}`;
    const pairs = { 'was-reset': 'reset', 'was-refused': 'refused' } as const;
    for (const [fate, cause] of Object.entries(pairs)) {
      if (reasons.includes(fate as ChannelFate) && !reasons.includes(cause)) {
        return `${this.name}: ${fate}, but the other end has not ${cause} it`;
      }
    }
    return undefined;
  }
}

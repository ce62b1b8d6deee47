import type { Clock, Timer } from '../../src/base/clock.ts';
import type { IncomingOpen } from '../../src/mux/channel.ts';
import type { Mux } from '../../src/mux/mux.ts';
import { PRIORITIES } from '../../src/mux/priority.ts';
import { MAX_EARLY_DATA_BYTES } from '../../src/wire/limits.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { type ActorPlan, ChannelActor } from './channel-actor.ts';
import { ChannelRecord, type End } from './channel-record.ts';
import type { SimReport } from './sim-report.ts';

type Answer = 'accept' | 'accept-later' | 'refuse' | 'refuse-later';

interface Plan {
  readonly record: ChannelRecord;
  readonly opener: ActorPlan;
  readonly answerer: ActorPlan;
  readonly credit: Readonly<Record<End, { credit: number; maxCredit: number }>>;
  readonly answer: Answer;
  readonly answerAfterMs: number;
}

/** How much one seed asks for. */
export interface WorkloadSize {
  readonly channelCount: number;
  readonly bytesPerFlow: number;
  /** The time over which channels are opened and written, in milliseconds. */
  readonly spreadMs: number;
}

export interface WorkloadEnd {
  readonly mux: Mux;
  readonly clock: Clock;
}

/** The channels of one session: who opens which and when, and what each end does with it. */
export class Workload {
  readonly records: ChannelRecord[] = [];
  readonly #random: SeededRandom;
  readonly #report: SimReport;
  readonly #size: WorkloadSize;
  readonly #plans = new Map<number, Plan>();
  readonly #actors: ChannelActor[] = [];
  readonly #timers = new Set<Timer>();
  readonly #name: string;
  readonly #onPlan: (key: number) => void;
  #unopened = 0;

  /** `onPlan` hears of each channel before it is opened. */
  constructor(
    name: string,
    random: SeededRandom,
    report: SimReport,
    size: WorkloadSize,
    onPlan: (key: number) => void,
  ) {
    this.#name = name;
    this.#onPlan = onPlan;
    this.#random = random;
    this.#report = report;
    this.#size = size;
  }

  get isOver(): boolean {
    return this.#unopened === 0 && this.records.every((record) => record.isOver);
  }

  get problems(): string[] {
    const problems = this.records.flatMap((record) => record.problem ?? []);
    if (this.#unopened > 0) problems.push(`${this.#unopened} channels never opened`);
    return problems;
  }

  /** Opens its part of the channels from `end`, at random moments. */
  start(end: WorkloadEnd, channelCount: number): void {
    for (let i = 0; i < channelCount; i += 1) {
      this.#unopened += 1;
      const atMs = this.#random.uniform() ** 2 * this.#size.spreadMs;
      this.#later(end.clock, atMs, () => this.#open(end));
    }
  }

  /** The mux at `end` was asked for a channel. */
  answer(end: WorkloadEnd, incoming: IncomingOpen): void {
    const plan = this.#plans.get(Number(incoming.metadata['of']));
    if (plan === undefined) {
      this.#report.fail(`a channel that nobody opened: ${JSON.stringify(incoming.metadata)}`);
      return;
    }
    const isLater = plan.answer.endsWith('later');
    if (isLater)
      this.#later(end.clock, plan.answerAfterMs, () => this.#decide(end, incoming, plan));
    else this.#decide(end, incoming, plan);
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
    for (const actor of this.#actors) actor.stop();
  }

  #open(end: WorkloadEnd): void {
    this.#unopened -= 1;
    const plan = this.#makePlan();
    this.records.push(plan.record);
    this.#onPlan(plan.record.key);
    const actor = this.#actor(end, plan, 'opener');
    const channel = end.mux.open(
      {
        kind: 'sim',
        metadata: { of: plan.record.key, padding: 'x'.repeat(this.#small(3000)) },
        stream: this.#random.integer(0, 2),
        priority: PRIORITIES[this.#random.integer(0, PRIORITIES.length - 1)] ?? 'bulk',
        ...plan.credit.opener,
      },
      actor,
    );
    this.#report.trace(`${plan.record.name} opened as ${channel.id}, to ${plan.answer}`);
    actor.start(channel);
  }

  #decide(end: WorkloadEnd, incoming: IncomingOpen, plan: Plan): void {
    if (incoming.isCancelled) {
      plan.record.close('answerer', 'was-reset');
    } else if (plan.answer.startsWith('refuse')) {
      plan.record.close('answerer', 'refused');
      incoming.refuse(5, 'the plan says so');
    } else {
      const actor = this.#actor(end, plan, 'answerer');
      const priority = PRIORITIES[this.#random.integer(0, PRIORITIES.length - 1)] ?? 'bulk';
      actor.start(incoming.accept({}, actor, { priority, ...plan.credit.answerer }));
    }
  }

  #actor(end: WorkloadEnd, plan: Plan, which: End): ChannelActor {
    const parts = { clock: end.clock, random: this.#random, report: this.#report };
    const actor = new ChannelActor(parts, plan.record, which, plan[which]);
    this.#actors.push(actor);
    return actor;
  }

  #later(clock: Clock, delayMs: number, act: () => void): void {
    const timer = clock.schedule(delayMs, () => {
      this.#timers.delete(timer);
      act();
    });
    this.#timers.add(timer);
  }

  #makePlan(): Plan {
    const random = this.#random;
    const key = this.#plans.size + 1;
    const record = new ChannelRecord(key, `${this.#name} channel ${key}`, this.#report);
    const credit = { opener: this.#credit(), answerer: this.#credit() };
    const draw = random.uniform();
    let answer: Answer = 'accept';
    if (draw < 0.05) answer = 'refuse';
    else if (draw < 0.1) answer = 'refuse-later';
    else if (draw < 0.3) answer = 'accept-later';
    const plan: Plan = {
      record,
      opener: this.#actorPlan(credit.opener),
      answerer: this.#actorPlan(credit.answerer),
      credit,
      answer,
      answerAfterMs: random.uniform() * 5000,
    };
    this.#plans.set(key, plan);
    return plan;
  }

  /** Small windows that never grow, and the ordinary ones. */
  #credit(): { credit: number; maxCredit: number } {
    if (this.#random.chance(0.4)) return { credit: 65_536, maxCredit: 16 * 1024 * 1024 };
    const credit = 1024 + this.#small(60_000);
    return { credit, maxCredit: this.#random.chance(0.5) ? credit : credit * 8 };
  }

  #actorPlan(credit: { credit: number; maxCredit: number }): ActorPlan {
    const random = this.#random;
    const writes: number[] = [];
    let left = this.#small(2 * this.#size.bytesPerFlow);
    const largest = 1 + this.#small(65_536);
    while (left > 0 && writes.length < 200) {
      const size = Math.min(left, 1 + random.integer(0, largest));
      writes.push(size);
      left -= size;
    }
    const isSlow = random.chance(0.2);
    return {
      writes,
      meanGapMs: (random.uniform() * this.#size.spreadMs) / (writes.length + 1),
      noteChance: random.chance(0.3) ? 0.3 : 0,
      ending: random.chance(0.12) ? 'reset' : 'end',
      ignoresPauses: random.chance(0.3),
      readDelayMs: isSlow ? random.uniform() * 2000 : 0,
      readsFromMs: random.chance(0.15) ? random.uniform() * this.#size.spreadMs : 0,
      maxUnreadBytes: Math.max(credit.maxCredit, credit.credit, MAX_EARLY_DATA_BYTES),
    };
  }

  /** Up to `max`, small numbers as likely as large ones. */
  #small(max: number): number {
    return Math.floor((max + 1) ** this.#random.uniform()) - 1;
  }
}

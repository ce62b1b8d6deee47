import type { Clock, Timer } from '../../src/base/clock.ts';
import type { Channel, ChannelEvents } from '../../src/mux/channel.ts';
import type { JsonObject } from '../../src/wire/messages.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import type { ChannelRecord, End } from './channel-record.ts';
import type { SimReport } from './sim-report.ts';

/** What one end of a channel does in its life. */
export interface ActorPlan {
  /** Sizes of its writes, in order. */
  readonly writes: readonly number[];
  readonly meanGapMs: number;
  /** Notes as a part of the writes. */
  readonly noteChance: number;
  /** After the last write. */
  readonly ending: 'end' | 'reset';
  /** Goes on writing when `write` says that it is enough. */
  readonly ignoresPauses: boolean;
  /** What it reads is used up after this long, in milliseconds; 0 at once. */
  readonly readDelayMs: number;
  /** Reads nothing until this moment, in milliseconds since the begin. */
  readonly readsFromMs: number;
  /** The most that may lie unread: the larger of its credit and its bounds. */
  readonly maxUnreadBytes: number;
}

/** One end of one channel: writes by its plan, checks what it reads. */
export class ChannelActor implements ChannelEvents {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #record: ChannelRecord;
  readonly #end: End;
  readonly #plan: ActorPlan;
  readonly #report: SimReport;
  #channel: Channel | undefined;
  #nextWrite = 0;
  #isPaused = false;
  #timer: Timer | undefined;
  readonly #readTimers = new Set<Timer>();
  #fate: 'was-reset' | 'was-refused' | 'ended' = 'ended';

  constructor(
    parts: { clock: Clock; random: SeededRandom; report: SimReport },
    record: ChannelRecord,
    end: End,
    plan: ActorPlan,
  ) {
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#report = parts.report;
    this.#record = record;
    this.#end = end;
    this.#plan = plan;
  }

  start(channel: Channel): void {
    this.#channel = channel;
    if (!channel.isOpen) return;
    this.#arm();
  }

  onData(bytes: Uint8Array): void {
    const flow = this.#incoming;
    flow.receive(bytes);
    const unread = flow.received - flow.consumed;
    if (unread > this.#plan.maxUnreadBytes) {
      const { name } = this.#record;
      const allowed = this.#plan.maxUnreadBytes;
      this.#report.fail(`${name}: ${unread} bytes unread by ${this.#end}, allowed ${allowed}`);
    }
    this.#consumeLater(bytes.length);
  }

  onNote(body: JsonObject): void {
    this.#incoming.receiveNote(body['number']);
  }

  onEof(): void {
    this.#incoming.receiveEof();
  }

  onRefuse(): void {
    this.#fate = 'was-refused';
  }

  onReset(): void {
    this.#fate = 'was-reset';
  }

  onDrain(): void {
    this.#isPaused = false;
    if (this.#timer === undefined) this.#arm();
  }

  onClose(): void {
    this.stop();
    if (this.#record.fates[this.#end] === undefined || this.#fate !== 'ended') {
      this.#record.close(this.#end, this.#fate);
    }
  }

  /** No more of it: the run is over. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const timer of this.#readTimers) timer.cancel();
    this.#readTimers.clear();
  }

  get #outgoing() {
    return this.#record.flows[this.#end];
  }

  get #incoming() {
    return this.#record.flows[this.#end === 'opener' ? 'answerer' : 'opener'];
  }

  #arm(): void {
    const gapMs = -Math.log(1 - this.#random.uniform()) * this.#plan.meanGapMs;
    this.#timer = this.#clock.schedule(gapMs, () => {
      this.#timer = undefined;
      this.#act();
    });
  }

  #act(): void {
    const channel = this.#channel;
    if (channel === undefined || !channel.isOpen) return;
    const { writes, noteChance, ignoresPauses } = this.#plan;
    const size = writes[this.#nextWrite];
    if (size === undefined) {
      this.#finish(channel);
      return;
    }
    this.#nextWrite += 1;
    if (this.#random.chance(noteChance)) channel.note({ number: this.#outgoing.note() });
    const bytes = this.#outgoing.make(size);
    this.#outgoing.written += size;
    if (!channel.write(bytes)) this.#isPaused = channel.isOpen && !ignoresPauses;
    if (!this.#isPaused) this.#arm();
  }

  #finish(channel: Channel): void {
    if (this.#plan.ending === 'reset') {
      this.#record.close(this.#end, 'reset');
      channel.reset(9, 'the plan says so');
      return;
    }
    this.#outgoing.end();
    channel.end();
  }

  #consumeLater(bytes: number): void {
    const { readDelayMs, readsFromMs } = this.#plan;
    const delayMs = Math.max(readDelayMs, readsFromMs - this.#clock.now());
    if (delayMs <= 0) {
      this.#consume(bytes);
      return;
    }
    const timer = this.#clock.schedule(delayMs, () => {
      this.#readTimers.delete(timer);
      this.#consume(bytes);
    });
    this.#readTimers.add(timer);
  }

  #consume(bytes: number): void {
    this.#incoming.consumed += bytes;
    this.#channel?.consumed(bytes);
  }
}

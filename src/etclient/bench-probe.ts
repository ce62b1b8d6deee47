import type { Clock, Timer } from '../base/clock.ts';
import type { EtError } from '../base/errors.ts';
import type { Channel, ChannelEvents, ChannelReason } from '../mux/channel.ts';
import type { Mux } from '../mux/mux.ts';

export interface ProbeSeries {
  /** The least time from one byte to the next, in milliseconds; 0: each follows the answer to the one before. */
  readonly gapMs: number;
  readonly maxCount: number;
  readonly onDone: (samplesMs: readonly number[]) => void;
}

export interface ProbeEvents {
  readonly onReady: () => void;
  readonly onFailed: (error: EtError, reason: ChannelReason) => void;
}

const ONE_BYTE = new Uint8Array(1);

/**
 * Measures how long a byte takes there and back, as a key and its echo do. One at a time, so that none waits behind another.
 *
 *   opening --- accepted ---> idle --- start ---> probing --- maxCount or stop, and answered ---> idle
 *
 * Between any two calls: at most one byte is on its way, and only while probing.
 */
export class BenchProbe implements ChannelEvents {
  readonly #clock: Clock;
  readonly #events: ProbeEvents;
  readonly #channel: Channel;
  #series: ProbeSeries | undefined;
  #samplesMs: number[] = [];
  /** When the byte that has no answer yet was sent. */
  #sentMs: number | undefined;
  #isStopping = false;
  #timer: Timer | undefined;

  constructor(clock: Clock, mux: Pick<Mux, 'open'>, events: ProbeEvents) {
    this.#clock = clock;
    this.#events = events;
    this.#channel = mux.open(
      { kind: 'bench', metadata: { do: 'echo' }, stream: 0, priority: 'interactive' },
      this,
    );
  }

  start(series: ProbeSeries): void {
    this.#series = series;
    this.#samplesMs = [];
    this.#isStopping = false;
    this.#send();
  }

  /** Ends the series once the byte on its way is answered: the slow ones count too. */
  stop(): void {
    this.#isStopping = true;
    if (this.#sentMs === undefined) this.#finish();
  }

  close(): void {
    this.#timer?.cancel();
    this.#series = undefined;
    this.#channel.reset();
  }

  onAccept(): void {
    this.#events.onReady();
  }

  onData(bytes: Uint8Array): void {
    this.#channel.consumed(bytes.length);
    if (this.#sentMs === undefined || this.#series === undefined) return;
    const sentMs = this.#sentMs;
    const nowMs = this.#clock.now();
    this.#sentMs = undefined;
    this.#samplesMs.push(nowMs - sentMs);
    if (this.#isStopping || this.#samplesMs.length >= this.#series.maxCount) {
      this.#finish();
      return;
    }
    const waitMs = sentMs + this.#series.gapMs - nowMs;
    if (waitMs > 0) this.#timer = this.#clock.schedule(waitMs, () => this.#send());
    else this.#send();
  }

  onRefuse(error: EtError, reason: ChannelReason): void {
    this.#events.onFailed(error, reason);
  }

  onReset(error: EtError, reason: ChannelReason): void {
    this.#events.onFailed(error, reason);
  }

  #send(): void {
    this.#sentMs = this.#clock.now();
    this.#channel.write(ONE_BYTE);
  }

  #finish(): void {
    this.#timer?.cancel();
    const series = this.#series;
    this.#series = undefined;
    series?.onDone(this.#samplesMs);
  }
}

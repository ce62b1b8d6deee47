import type { Clock } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import { incompressibleBytes } from '../base/incompressible-bytes.ts';
import type { Channel, ChannelEvents, ChannelReason } from '../mux/channel.ts';
import type { Mux } from '../mux/mux.ts';
import { type JsonObject, REASON } from '../wire/messages.ts';

export type LoadDirection = 'down' | 'up';

export interface LoadEvents {
  /** It flows from now on, and its time runs. */
  readonly onReady: () => void;
  /** After `stop`, once it is known how much has arrived. */
  readonly onDone: (bytesPerSecond: number) => void;
  readonly onFailed: (error: EtError, reason: ChannelReason) => void;
}

/** More than any path carries in the longest phase. */
const DOWN_BYTES = 2 ** 40;
/** Above the window of any compression in ssh. */
const BLOCK_BYTES = 65_536;
/** What waits here when an upload is stopped must still be sent, which on a thin link takes seconds. */
const HIGH_WATER_BYTES = 65_536;

/**
 * As many bytes as the session carries, in one direction.
 *
 *   opening --- accepted ---> flowing --- stop ---> counting --- what arrived is known ---> done
 *
 * The OPEN is answered behind whatever an earlier load has left on the stream, so its time begins when the way is free.
 */
export class BenchLoad implements ChannelEvents {
  readonly #clock: Clock;
  readonly #direction: LoadDirection;
  readonly #events: LoadEvents;
  readonly #channel: Channel;
  readonly #block: Uint8Array | undefined;
  #startedMs = 0;
  #received = 0;
  #isStopped = false;
  #isDone = false;

  constructor(clock: Clock, mux: Pick<Mux, 'open'>, direction: LoadDirection, events: LoadEvents) {
    this.#clock = clock;
    this.#direction = direction;
    this.#events = events;
    this.#block = direction === 'up' ? incompressibleBytes(BLOCK_BYTES) : undefined;
    const metadata: JsonObject =
      direction === 'up' ? { do: 'receive' } : { do: 'send', bytes: DOWN_BYTES };
    this.#channel = mux.open(
      {
        kind: 'bench',
        metadata,
        stream: 1,
        priority: 'bulk',
        highWaterBytes: HIGH_WATER_BYTES,
      },
      this,
    );
    if (direction === 'down') this.#channel.end();
  }

  stop(): void {
    if (this.#isStopped || this.#isDone) return;
    this.#isStopped = true;
    if (this.#direction === 'up') {
      this.#channel.end();
      return;
    }
    this.#channel.reset(REASON.cancelled);
    this.#done(this.#received);
  }

  /** Without a result. */
  abandon(): void {
    this.#isStopped = true;
    this.#isDone = true;
    this.#channel.reset(REASON.cancelled);
  }

  onAccept(): void {
    this.#startedMs = this.#clock.now();
    this.#events.onReady();
    this.onDrain();
  }

  onDrain(): void {
    const block = this.#block;
    if (block === undefined) return;
    while (!this.#isStopped && this.#channel.write(block));
  }

  onData(bytes: Uint8Array): void {
    this.#received += bytes.length;
    this.#channel.consumed(bytes.length);
  }

  /** The server's own count of what it has had. */
  onNote(body: JsonObject): void {
    const { received } = body as { received?: unknown };
    if (this.#direction === 'up' && typeof received === 'number') this.#done(received);
  }

  onEof(): void {
    // All that was asked for is here before its time.
    if (this.#direction === 'down') this.#done(this.#received);
    else if (!this.#isDone) this.#fail('the server has not said how much has arrived');
  }

  onRefuse(error: EtError, reason: ChannelReason): void {
    this.#failed(error, reason);
  }

  onReset(error: EtError, reason: ChannelReason): void {
    this.#failed(error, reason);
  }

  #fail(text: string): void {
    const error = new EtError('ET_ERR_CHANNEL_RESET', text);
    this.#failed(error, { code: REASON.protocol, text });
  }

  #failed(error: EtError, reason: ChannelReason): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#events.onFailed(error, reason);
  }

  #done(bytes: number): void {
    if (this.#isDone) return;
    this.#isDone = true;
    const elapsedMs = this.#clock.now() - this.#startedMs;
    this.#events.onDone(elapsedMs > 0 ? (bytes * 1000) / elapsedMs : 0);
  }
}

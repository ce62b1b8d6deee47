import type { Readable, Writable } from 'node:stream';
import type { Clock, Timer } from '../base/clock.ts';
import { EtError, messageOf } from '../base/errors.ts';
import type { Carrier, CarrierEvents } from './carrier.ts';
import { CLOSE_GRACE_MS } from './socket-carrier.ts';
import { writePieces } from './write-pieces.ts';

/** A child's stdout and stdin, or this process's own stdin and stdout. */
export interface StdioPipes {
  readonly label: string;
  readonly readable: Readable;
  readonly writable: Writable;
  /** Ends whatever is behind the pipes at once; called at most once, on reset and after a stalled close. */
  readonly kill?: () => void;
}

/**
 * A carrier over two one-way byte streams.
 *
 *        error or end of the readable, or a grace after an error of the writable
 *   open ----------------------------------> over (final)
 *     |                                        ^
 *     | close    both streams through, or stalled
 *     +--> closing ----------------------------+     reset: any state --> over
 */
export class StdioCarrier implements Carrier {
  readonly kind = 'bytes';
  readonly label: string;
  /** The streams do not say; whatever is behind them notices a lost address itself. */
  readonly localAddress: string | undefined = undefined;
  readonly #clock: Clock;
  readonly #pipes: StdioPipes;
  #state: 'open' | 'closing' | 'over' = 'open';
  #events: CarrierEvents | undefined;
  #untold: { readonly error: EtError | undefined } | undefined;
  #grace: Timer | undefined;
  #isReadThrough = false;
  #isWrittenThrough = false;

  constructor(clock: Clock, pipes: StdioPipes) {
    this.#clock = clock;
    this.#pipes = pipes;
    this.label = pipes.label;
    const { readable, writable } = pipes;
    readable.pause();
    readable.on('data', (bytes: Uint8Array) => this.#events?.onBytes(bytes));
    readable.on('error', (error) => this.#end(this.#failure(messageOf(error), error)));
    readable.on('end', () => this.#readThrough());
    readable.on('close', () => this.#readThrough());
    writable.on('error', (error) => this.#writeFailed(error));
    writable.on('close', () => this.#writtenThrough());
    writable.on('finish', () => this.#writtenThrough());
  }

  get queuedBytes(): number {
    return this.#state === 'over' ? 0 : this.#pipes.writable.writableLength;
  }

  start(events: CarrierEvents): void {
    if (this.#untold !== undefined) {
      this.#clock.defer(() => this.#tell(events));
      return;
    }
    if (this.#state !== 'open') return;
    this.#events = events;
    this.#pipes.readable.resume();
  }

  write(pieces: readonly Uint8Array[]): void {
    if (this.#state === 'open') writePieces(this.#pipes.writable, pieces);
  }

  close(): void {
    this.#untold = undefined;
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#events = undefined;
    this.#grace?.cancel();
    this.#pipes.writable.end();
    // What still comes in is read and thrown away, or the other side could block on it and never end.
    this.#pipes.readable.resume();
    this.#allowGrace(this.#pipes.writable.writableLength);
  }

  reset(): void {
    this.#untold = undefined;
    this.#events = undefined;
    this.#finish(true);
  }

  #readThrough(): void {
    this.#isReadThrough = true;
    if (this.#state === 'open') this.#end(undefined);
    else this.#finishWhenThrough();
  }

  /**
   * Not an end by itself: Node destroys a child's stdin when the child exits, and its last output
   * may still have to be read.
   */
  #writtenThrough(): void {
    this.#isWrittenThrough = true;
    this.#finishWhenThrough();
  }

  /**
   * Not an end at once: a child that has exited takes nothing more, yet what it said last may still
   * have to be read, and decides how the carrier ended.
   */
  #writeFailed(error: Error): void {
    if (this.#state === 'closing') this.#finish(false);
    if (this.#state !== 'open' || this.#grace !== undefined) return;
    const failure = this.#failure(messageOf(error), error);
    this.#grace = this.#clock.schedule(CLOSE_GRACE_MS, () => this.#end(failure));
  }

  #finishWhenThrough(): void {
    if (this.#state === 'closing' && this.#isReadThrough && this.#isWrittenThrough) {
      this.#finish(false);
    }
  }

  #allowGrace(queuedBytes: number): void {
    this.#grace = this.#clock.schedule(CLOSE_GRACE_MS, () => {
      const leftBytes = this.#pipes.writable.writableLength;
      if (leftBytes < queuedBytes) this.#allowGrace(leftBytes);
      else this.#finish(true);
    });
  }

  #end(error: EtError | undefined): void {
    const wasOpen = this.#state === 'open';
    this.#finish(false);
    if (!wasOpen) return;
    this.#untold = { error };
    if (this.#events !== undefined) this.#tell(this.#events);
  }

  #tell(events: CarrierEvents): void {
    const untold = this.#untold;
    this.#untold = undefined;
    this.#events = undefined;
    if (untold !== undefined) events.onClose(untold.error);
  }

  /** Lets both streams go; they stay guarded, since a pipe may fail after it was destroyed. */
  #finish(isKilling: boolean): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#grace?.cancel();
    if (isKilling) this.#pipes.kill?.();
    this.#pipes.readable.destroy();
    this.#pipes.writable.destroy();
  }

  #failure(what: string, cause?: unknown): EtError {
    return new EtError('ET_ERR_CARRIER', `${this.label}: ${what}`, { cause });
  }
}

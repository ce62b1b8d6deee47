import type { Session } from '../backed/session.ts';
import type { SessionEnd } from '../backed/session-events.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import { ChannelDuplex } from '../mux/channel-duplex.ts';
import type { Mux } from '../mux/mux.ts';
import { BYE } from '../wire/frames.ts';

type Done = (error?: Error | null) => void;

/** What the stream runs over. */
export interface StreamPlace {
  readonly clock: Clock;
  readonly session: Session;
  readonly mux: Mux;
  /** With both directions ended, a peer that is away is waited for so long, in milliseconds. */
  readonly lingerMs: number;
}

/**
 * A stream that is the whole of a session. `finish` means that the other end has every byte: with the bytes merely handed over, as `finish`
 * is otherwise, both directions could be over and the session with them while the last of it has yet to arrive.
 *
 *   open --- end of the peer ---> lingering --- all acknowledged, orderly BYE ---> finished
 *                                     |
 *                                     +--- the peer away, and nothing moves, for `lingerMs` ---> destroyed
 *
 * Between any two calls: the timer is set if and only if it is lingering; it judges only what has been ended here too.
 */
export class ResumableStream extends ChannelDuplex {
  #place: StreamPlace | undefined;
  /** Of `_final`, until all is acknowledged. */
  #finished: Done | undefined;
  #timer: Timer | undefined;
  #hasPeerEnded = false;

  /** Both directions have ended here, and what is left is to be sure that the other end has it all. */
  get isLingering(): boolean {
    return this.#hasPeerEnded && this.writableEnded && !this.destroyed;
  }

  /** Before it is given its channel. With the stream its session is over. */
  settleIn(place: StreamPlace): void {
    const { clock, session } = place;
    this.#place = place;
    this.once('close', () => clock.schedule(0, () => this.#endSession(session)));
  }

  /** The session has all acknowledged that was sent. */
  onQuiet(): void {
    if (this.#place?.mux.bufferedBytes === 0) this.#finish();
  }

  /** After the mux has been closed. Who ends a session in good order has everything, and has told everything. */
  onSessionEnd(end: SessionEnd): void {
    if (end.kind === 'bye' && end.code === BYE.over) this.#finish();
    else if (this.#finished !== undefined) this.destroy(errorOf(end));
  }

  override onEof(): void {
    super.onEof();
    this.#hasPeerEnded = true;
    this.#linger();
  }

  override _final(done: Done): void {
    super._final((error) => {
      if (error !== undefined && error !== null) {
        done(error);
        return;
      }
      this.#finished = done;
      this.#linger();
    });
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#timer?.cancel();
    this.#finished = undefined;
    super._destroy(error, done);
  }

  #endSession(session: Session): void {
    if (this.readableEnded && this.writableFinished) session.end(BYE.over, '');
    else session.end(BYE.failed, 'the stream was destroyed');
  }

  #finish(): void {
    const done = this.#finished;
    if (done === undefined) return;
    this.#finished = undefined;
    this.#timer?.cancel();
    done();
  }

  /** Waits from now on. The end may have been asked for while `write` still waits: then it is looked at again and again. */
  #linger(): void {
    const place = this.#place;
    if (!this.#hasPeerEnded || this.writableFinished || this.destroyed || place === undefined)
      return;
    const { clock, session, mux, lingerMs } = place;
    const leftBytes = (): number =>
      session.unacknowledgedBytes + mux.bufferedBytes + this.writableLength;
    const before = this.writableEnded ? leftBytes() : Number.POSITIVE_INFINITY;
    this.#timer?.cancel();
    this.#timer = clock.schedule(lingerMs, () => {
      if (leftBytes() < before || session.links.hasTrusted) this.#linger();
      else this.destroy(awayFor(lingerMs));
    });
  }
}

function errorOf(end: SessionEnd): EtError {
  if (end.kind === 'failed') return end.error;
  const text = end.text === '' ? '' : `: ${end.text}`;
  return new EtError(
    'ET_ERR_SESSION_CLOSED',
    `the other end ended before it had everything${text}`,
  );
}

function awayFor(ms: number): EtError {
  return new EtError(
    'ET_ERR_SESSION_GONE',
    `the other end was away for ${ms / 1000} s and may not have everything`,
  );
}

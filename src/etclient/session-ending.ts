import type { SessionEnd } from '../backed/session-events.ts';
import type { Clock } from '../base/clock.ts';
import { BYE } from '../wire/frames.ts';
import type { ClientSession } from './client-session.ts';
import { FAILURE_STATUS, type WorkEnd } from './exit.ts';
import { Farewell } from './farewell.ts';

/**
 * An end before the first link waits this long for it, in milliseconds: a server that nobody tells waits for minutes. Where the link is not
 * known to be near, no longer than nobody notices who has pressed ^C.
 */
const TELL_WITHIN_MS = { near: 3000, unknown: 250 };

/** How a client may part from its session. */
export interface EndingOptions {
  /** What it takes to come back is kept in `onEnded`. */
  readonly isResumable?: boolean;
  /** The work ran before this client came: an end before the first link leaves it as it is. */
  readonly hasWork?: boolean;
  /** The work is not this client's, and no end of its own ends it. */
  readonly isVisitor?: boolean;
  /** How it ends where this client leaves the work, or loses it to the client `by`; absent: it cannot be left. */
  readonly leftBy?: ((left: NonNullable<WorkEnd['left']>, by: string) => WorkEnd) | undefined;
  readonly firstLink: { readonly isNear: boolean };
  /** Once; `isEndedThere`: the server has ended too, or was told to. */
  readonly onEnded?: (isEndedThere: boolean, end: WorkEnd) => void;
}

interface Parts {
  readonly client: () => ClientSession;
  /** Gives back what was taken. */
  readonly restore: () => void;
}

/**
 * The end of a client's session: once, whoever is first.
 *
 *   running --work over, ended, left, gone--> over (final)      running --before the first link--> telling --link, time--> over
 */
export class SessionEnding {
  /** Settles once the server has been told, as far as it can be. */
  readonly ended: Promise<WorkEnd>;
  readonly #options: EndingOptions;
  readonly #parts: Parts;
  readonly #farewell: Farewell;
  readonly #untold: UntoldEnd;
  #resolve: (end: WorkEnd) => void = () => undefined;
  #isOver = false;
  #hasReceivedAll = false;
  #isTold = false;

  constructor(clock: Clock, options: EndingOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
    this.#farewell = new Farewell(clock);
    this.#untold = new UntoldEnd(clock);
    const ended = new Promise<WorkEnd>((resolve) => {
      this.#resolve = resolve;
    });
    this.ended = this.#farewell.after(ended);
  }

  /** True where the first link has come to an end that waited for it. */
  onFirstLink(): boolean {
    return this.#untold.onFirstLink();
  }

  /** The session itself is over. */
  onSessionEnd(end: SessionEnd): void {
    if (this.#hasReceivedAll) return;
    const left = this.#leftOf(end);
    if (left === undefined) this.#finish(endOf(end), end.kind === 'bye');
    else this.#finish(left, false);
  }

  /** Without a link that is known to be alive the BYE may never arrive: then the session can still be resumed. */
  stop(end: WorkEnd, isGone = false): void {
    const client = this.#parts.client();
    if (this.#options.hasWork === true && !client.hasBeenUp && !isGone) {
      this.abandon(end);
      return;
    }
    const endNow = (): void => {
      this.#finish(end, isGone || this.#isTold || client.session.links.hasTrusted);
      this.#farewell.say(client, this.#options.isVisitor === true ? BYE.detached : BYE.over);
    };
    const { firstLink } = this.#options;
    if (isGone || client.hasBeenUp) endNow();
    else this.#untold.end(endNow, firstLink.isNear ? 'near' : 'unknown');
  }

  /** The work goes on; ends what cannot be left. */
  leave(status: number): void {
    const { leftBy } = this.#options;
    if (leftBy === undefined || !this.#parts.client().hasBeenUp) this.stop({ status });
    else this.abandon({ ...leftBy('detached', ''), status });
  }

  /** Whatever there is goes on without this client. */
  abandon(end: WorkEnd): void {
    this.#finish(end, false);
    this.#farewell.say(this.#parts.client(), BYE.detached);
  }

  giveUp(end: WorkEnd): void {
    if (this.#options.isResumable !== true) this.stop(end);
    else this.abandon({ ...end, advice: 'the session goes on: et to this host offers it again' });
  }

  /** All that the server has to say is here. */
  received(): void {
    const client = this.#parts.client();
    this.#hasReceivedAll = true;
    this.#isTold = client.session.links.hasTrusted;
    this.#farewell.say(client);
  }

  #finish(end: WorkEnd, isEndedThere: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#parts.restore();
    this.#options.onEnded?.(isEndedThere, end);
    this.#resolve(end);
  }

  /** The server says that the work goes on without us. */
  #leftOf(end: SessionEnd): WorkEnd | undefined {
    const { leftBy } = this.#options;
    if (end.kind === 'failed' || end.by === 'us') return undefined;
    if (end.code === BYE.takenOver) return leftBy?.('taken-over', end.text);
    return end.code === BYE.detached ? leftBy?.('detached', '') : undefined;
  }
}

/** An end before the first link: it waits a moment for it. */
class UntoldEnd {
  readonly #clock: Clock;
  #endNow: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whoever asks twice does not wait. */
  end(endNow: () => void, firstLink: keyof typeof TELL_WITHIN_MS): void {
    if (this.#endNow !== undefined) {
      endNow();
      return;
    }
    this.#endNow = endNow;
    this.#clock.schedule(TELL_WITHIN_MS[firstLink], endNow);
  }

  /** True where that is the end. */
  onFirstLink(): boolean {
    this.#endNow?.();
    return this.#endNow !== undefined;
  }
}

/** The session ended before its work did. */
function endOf(end: SessionEnd): WorkEnd {
  if (end.kind === 'failed')
    return { status: FAILURE_STATUS, message: end.error.message, advice: end.error.advice };
  const isGone = end.by === 'peer' && end.code === BYE.terminated;
  const text =
    end.text === '' ? 'the server ended the session' : `the server ended the session: ${end.text}`;
  return { status: FAILURE_STATUS, message: text, isGone };
}

import type { Clock } from '../base/clock.ts';
import { BYE } from '../wire/frames.ts';

const LOOK_EVERY_MS = 5;
/** Whoever leaves does not wait longer, in milliseconds, for a link that takes nothing. */
export const SENT_WITHIN_MS = 500;

/** Of a client's session, what its end needs. */
export interface Leaving {
  readonly session: {
    readonly isOver: boolean;
    readonly links: Iterable<{ readonly secure: { readonly queuedBytes: number } }>;
  };
  end(text: string, code: number): void;
}

/**
 * The BYE of a process that ends with its session. What the system has not taken by then is lost with the process: a socket of TCP
 * takes what it can at once, but TLS encrypts one write after the other.
 */
export class Farewell {
  readonly #clock: Clock;
  #told: readonly { readonly queuedBytes: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ends the session, by a BYE of this code. */
  say(client: Leaving, code: number = BYE.over): void {
    if (client.session.isOver) return;
    // Afterwards it has none.
    this.#told = [...client.session.links].map(({ secure }) => secure);
    client.end('', code);
  }

  /** Settles as `ended` does, once the system has the BYE or has not taken it for too long. */
  async after<T>(ended: Promise<T>): Promise<T> {
    const end = await ended;
    const untilMs = this.#clock.now() + SENT_WITHIN_MS;
    while (this.#told.some(({ queuedBytes }) => queuedBytes > 0) && this.#clock.now() < untilMs) {
      await new Promise<void>((resolve) => {
        this.#clock.schedule(LOOK_EVERY_MS, resolve);
      });
    }
    return end;
  }
}

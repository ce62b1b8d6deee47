import type { Clock, Timer } from '../base/clock.ts';
import type { Carrier, Dial } from './carrier.ts';
import { attemptFailedBy, type DialAttempt, DialFailure } from './dial-failure.ts';
import { NEXT_ADDRESS_AFTER_MS } from './tcp-race.ts';

export interface DialFromOptions {
  readonly clock: Clock;
  /** Addresses of ours to leave from, asked for at each dial. */
  readonly sources: () => readonly string[];
  /** A dial that leaves from this address. */
  readonly dial: (source: string) => Dial;
  /** What is dialled and why there may be nowhere to leave from, for a failure: `tcp h:1`, `wlan0 has no address`. */
  readonly target: string;
  readonly nowhere: string;
}

/**
 * A dial from several addresses of ours: tried in turn as the addresses of a host are, each 250 ms after the one before or at once when
 * that failed. The first to connect wins.
 */
export function dialFrom(options: DialFromOptions): Dial {
  return (signal) =>
    new Promise((resolve, reject) => new SourceRace(options, signal, resolve, reject));
}

/** Between any two calls, until it is over: a dial runs. Afterwards none does, and no timer is set. */
class SourceRace {
  readonly #options: DialFromOptions;
  readonly #signal: AbortSignal;
  readonly #resolve: (carrier: Carrier) => void;
  readonly #reject: (failure: DialFailure) => void;
  readonly #sources: string[];
  readonly #running = new Map<string, AbortController>();
  readonly #failed: DialAttempt[] = [];
  #next: Timer | undefined;
  #isOver = false;
  readonly #stop = (): void => {
    this.#sources.length = 0;
    this.#next?.cancel();
    for (const abort of this.#running.values()) abort.abort();
  };

  constructor(
    options: DialFromOptions,
    signal: AbortSignal,
    resolve: (carrier: Carrier) => void,
    reject: (failure: DialFailure) => void,
  ) {
    this.#options = options;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#sources = [...new Set(options.sources())];
    signal.addEventListener('abort', this.#stop, { once: true });
    this.#tryNext();
  }

  #tryNext(): void {
    this.#next?.cancel();
    this.#next = undefined;
    const source = this.#sources.shift();
    if (source !== undefined) this.#try(source);
    else if (this.#running.size === 0) this.#fail();
  }

  #try(source: string): void {
    const abort = new AbortController();
    this.#running.set(source, abort);
    if (this.#sources.length > 0)
      this.#next = this.#options.clock.schedule(NEXT_ADDRESS_AFTER_MS, () => this.#tryNext());
    this.#options
      .dial(source)(abort.signal)
      .then(
        (carrier) => this.#win(source, carrier),
        (error: unknown) => this.#lose(source, error),
      );
    if (this.#signal.aborted) this.#stop();
  }

  #win(source: string, carrier: Carrier): void {
    if (this.#isOver) {
      carrier.reset();
      return;
    }
    this.#finish();
    this.#running.delete(source);
    this.#stop();
    this.#resolve(carrier);
  }

  #lose(source: string, error: unknown): void {
    if (!this.#running.delete(source) || this.#isOver) return;
    this.#failed.push(...attemptsOf(error, this.#options.target, source));
    this.#tryNext();
  }

  #fail(): void {
    this.#finish();
    const { target, nowhere } = this.#options;
    // Waits for the interface as for any other.
    const none: DialAttempt = { target, kind: 'no-route', what: `cannot leave: ${nowhere}` };
    this.#reject(new DialFailure(this.#failed.length === 0 ? [none] : this.#failed));
  }

  #finish(): void {
    this.#isOver = true;
    this.#signal.removeEventListener('abort', this.#stop);
  }
}

function attemptsOf(error: unknown, target: string, source: string): DialAttempt[] {
  const attempts = error instanceof DialFailure ? error.attempts : [attemptFailedBy(target, error)];
  // Some name it themselves.
  return attempts.map((attempt) =>
    attempt.what.includes(source)
      ? attempt
      : { ...attempt, target: `${attempt.target} from ${source}` },
  );
}

import type { Clock, Timer } from '../base/clock.ts';
import type { EtError } from '../base/errors.ts';
import { AllFailed } from './all-failed.ts';
import { expireDial } from './expire-dial.ts';
import type { Patience } from './reconnect.ts';
import type { DialResult, RunningDial, StartDial } from './redialer.ts';

/** One road to the server. */
export interface RaceEntry {
  readonly start: StartDial;
  /** Head start of the entries before it, in milliseconds; cut short once all that run have failed. Infinity: only then. */
  readonly afterMs: number;
  /** Given up after this long, in milliseconds. */
  readonly timeoutMs: number;
  /** The same in a race that is patient; `timeoutMs` where it is not given. */
  readonly patientMs?: number;
  /** It leads to the same address as the entries before it: where one of them has no route, this one is not tried. */
  readonly sharesRoute?: boolean;
  /** While others have their first try, it is tried again this long after its last start, in milliseconds. */
  readonly againAfterMs?: number;
}

interface Failure {
  readonly error: EtError;
  readonly noRoute: boolean;
}

interface Runner {
  readonly entry: RaceEntry;
  state: 'waiting' | 'running' | 'failed';
  startedMs: number;
  /** Of its start, its limit, or its next start, as the state has it. */
  timer: Timer | undefined;
  dial: RunningDial | undefined;
  /** The last one. */
  failure: Failure | undefined;
}

/** A dial that starts `entries` one after the other and takes the first link; it fails when all have, and says why each did. */
export function raceDials(clock: Clock, entries: readonly RaceEntry[]): StartDial {
  return (done, patience = 'patient') => {
    const race = new Race(clock, entries, patience, done);
    race.start();
    return race;
  };
}

/** How long a race of these takes at most, in milliseconds; one that waits for a failure begins at the end of those before it. */
export function longestMs(entries: readonly RaceEntry[], patience: Patience): number {
  let endMs = 0;
  for (const entry of entries) {
    const startMs = Number.isFinite(entry.afterMs) ? entry.afterMs : endMs;
    endMs = Math.max(endMs, startMs + limitMs(entry, patience));
  }
  return endMs;
}

function limitMs({ timeoutMs, patientMs }: RaceEntry, patience: Patience): number {
  return patience === 'brief' ? timeoutMs : (patientMs ?? timeoutMs);
}

/** Has not failed yet. */
function isFresh({ state, failure }: Runner): boolean {
  return state !== 'failed' && failure === undefined;
}

/**
 * Between any two calls: nothing runs once the race is over; otherwise an entry runs, or waits with its timer set.
 */
class Race implements RunningDial {
  readonly #clock: Clock;
  readonly #runners: readonly Runner[];
  readonly #patience: Patience;
  readonly #done: (result: DialResult) => void;
  #isOver = false;
  #isExpired = false;
  readonly patienceMs: number;

  constructor(
    clock: Clock,
    entries: readonly RaceEntry[],
    patience: Patience,
    done: (result: DialResult) => void,
  ) {
    this.#clock = clock;
    this.#patience = patience;
    this.#done = done;
    this.patienceMs = longestMs(entries, patience) + 1;
    this.#runners = entries.map((entry) => ({
      entry,
      state: 'waiting',
      startedMs: 0,
      timer: undefined,
      dial: undefined,
      failure: undefined,
    }));
  }

  start(): void {
    for (const runner of this.#runners) {
      if (this.#isOver) return;
      const { afterMs } = runner.entry;
      if (afterMs === 0) this.#run(runner);
      else if (Number.isFinite(afterMs))
        runner.timer = this.#clock.schedule(afterMs, () => this.#run(runner));
    }
    this.#startNextIfIdle();
  }

  expire(): void {
    this.#isExpired = true;
    for (const runner of this.#runners) {
      if (runner.state === 'running') continue;
      runner.timer?.cancel();
      runner.state = 'failed';
    }
    for (const runner of this.#runners) this.#expire(runner, 'no time was left');
  }

  cancel(): void {
    this.#isOver = true;
    for (const runner of this.#runners) {
      runner.timer?.cancel();
      if (runner.state === 'running') runner.dial?.cancel();
      runner.state = 'failed';
    }
  }

  #run(runner: Runner): void {
    if (runner.state === 'running' || this.#isOver) return;
    runner.timer?.cancel();
    runner.state = 'running';
    runner.startedMs = this.#clock.now();
    const timeoutMs = limitMs(runner.entry, this.#patience);
    runner.timer = this.#clock.schedule(timeoutMs, () =>
      this.#expire(runner, `no link after ${timeoutMs / 1000} s`),
    );
    runner.dial = undefined;
    const dial = runner.entry.start((result) => this.#take(runner, result), this.#patience);
    if (runner.state === 'running') runner.dial = dial;
  }

  #take(runner: Runner, result: DialResult): void {
    if (result.kind === 'failed') this.#fail(runner, result);
    else this.#win(runner, result);
  }

  #expire(runner: Runner, text: string): void {
    if (runner.state !== 'running' || runner.dial === undefined) return;
    expireDial(runner.dial, (result) => this.#take(runner, result), text);
  }

  #win(runner: Runner, result: DialResult & { readonly kind: 'link' }): void {
    if (this.#isOver) {
      result.link.reset();
      return;
    }
    runner.state = 'failed';
    this.cancel();
    this.#done(result);
  }

  #fail(runner: Runner, failure: Failure): void {
    if (runner.state !== 'running') return;
    runner.state = 'failed';
    runner.timer?.cancel();
    runner.timer = undefined;
    runner.failure = failure;
    if (failure.noRoute) this.#forgo();
    this.#startNextIfIdle();
    const { againAfterMs } = runner.entry;
    if (this.#isOver || this.#isExpired || againAfterMs === undefined) return;
    const waitMs = Math.max(0, runner.startedMs + againAfterMs - this.#clock.now());
    runner.timer = this.#clock.schedule(waitMs, () => {
      // Or two that are tried again would keep each other alive for ever.
      if (this.#runners.some(isFresh)) this.#run(runner);
    });
  }

  #forgo(): void {
    for (const runner of this.#runners) {
      if (runner.state !== 'waiting' || runner.entry.sharesRoute !== true) continue;
      runner.timer?.cancel();
      runner.state = 'failed';
    }
  }

  #startNextIfIdle(): void {
    if (this.#isOver || this.#runners.some(({ state }) => state === 'running')) return;
    const next = this.#runners.find(({ state }) => state === 'waiting');
    if (next !== undefined) this.#run(next);
    else this.#lose();
  }

  #lose(): void {
    this.#isOver = true;
    for (const { timer } of this.#runners) timer?.cancel();
    const failures = this.#runners.flatMap(({ failure }) => failure ?? []);
    const [first, second] = failures;
    // One failure speaks for itself.
    const isAlone = first !== undefined && second === undefined;
    const error = isAlone ? first.error : new AllFailed(failures.map((each) => each.error));
    this.#done({ kind: 'failed', error, noRoute: failures.every(({ noRoute }) => noRoute) });
  }
}

import type { Clock, Timer } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import type { Patience } from './reconnect.ts';
import type { DialResult, RunningDial, StartDial } from './redialer.ts';

/** One road to the server. */
export interface RaceEntry {
  readonly start: StartDial;
  /** Head start of the entries before it, in milliseconds; cut short once all that run have failed. */
  readonly afterMs: number;
  /** Given up after this long, in milliseconds. */
  readonly timeoutMs: number;
  /** The same in a race that is patient; `timeoutMs` where it is not given. */
  readonly patientMs?: number;
  /** It leads to the same address as the entries before it: where one of them has no route, this one is not tried. */
  readonly sharesRoute?: boolean;
  /** While others run, it is tried again this long after its last start, in milliseconds. */
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

/**
 * Between any two calls: nothing runs once the race is over; otherwise an entry runs, or waits with its timer set.
 */
class Race implements RunningDial {
  readonly #clock: Clock;
  readonly #runners: readonly Runner[];
  readonly #patience: Patience;
  readonly #done: (result: DialResult) => void;
  #isOver = false;
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
    this.patienceMs = Math.max(...entries.map((it) => it.afterMs + this.#timeoutMs(it))) + 1;
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
      if (runner.entry.afterMs === 0) this.#run(runner);
      else runner.timer = this.#clock.schedule(runner.entry.afterMs, () => this.#run(runner));
    }
    this.#startNextIfIdle();
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
    const timeoutMs = this.#timeoutMs(runner.entry);
    runner.timer = this.#clock.schedule(timeoutMs, () => {
      runner.dial?.cancel();
      const error = new EtError('ET_ERR_LINK_TIMEOUT', `no link after ${timeoutMs / 1000} s`);
      this.#fail(runner, { error, noRoute: false });
    });
    const dial = runner.entry.start((result) => {
      if (result.kind === 'failed') this.#fail(runner, result);
      else this.#win(runner, result);
    });
    if (runner.state === 'running') runner.dial = dial;
  }

  #timeoutMs({ timeoutMs, patientMs }: RaceEntry): number {
    return this.#patience === 'brief' ? timeoutMs : (patientMs ?? timeoutMs);
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
    if (this.#isOver || againAfterMs === undefined) return;
    const waitMs = Math.max(0, runner.startedMs + againAfterMs - this.#clock.now());
    runner.timer = this.#clock.schedule(waitMs, () => this.#run(runner));
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
    const [first] = failures;
    const text = failures.map((failure) => failure.error.message).join('; ');
    // One failure speaks for itself; of several, the first one's code, which is the best road's.
    const error =
      failures.length === 1 && first !== undefined
        ? first.error
        : new EtError(first?.error.code ?? 'ET_ERR_DIAL', text, { cause: first?.error });
    this.#done({ kind: 'failed', error, noRoute: failures.every(({ noRoute }) => noRoute) });
  }
}

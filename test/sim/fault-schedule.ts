import type { Clock, Timer } from '../../src/base/clock.ts';
import type { Direction, Directions } from '../support/memory-link.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { drawQuality } from './draw-quality.ts';
import type { SimClient } from './sim-client.ts';
import type { SimConnection } from './sim-connection.ts';
import { DIAL_ERRORS, type DialAnswer, type SimPath } from './sim-path.ts';
import type { SimReport } from './sim-report.ts';
import type { SimServer } from './sim-server.ts';
import type { SleepyClock } from './sleepy-clock.ts';

/** Whom the faults of one client's network happen to. */
export interface FaultTargets {
  readonly client: SimClient;
  readonly clientClock: SleepyClock;
  readonly server: SimServer;
  readonly paths: readonly SimPath[];
}

const HOUR_MS = 3_600_000;

/** Does things to one client's network at random moments, until it is stopped and everything heals. */
export class FaultSchedule {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #report: SimReport;
  readonly #targets: FaultTargets;
  readonly #meanGapMs: number;
  /** Now and then something lasts an hour. */
  readonly #hasLong: boolean;
  readonly #heals = new Map<Timer, () => void>();
  #next: Timer | undefined;
  #isStopped = false;

  readonly #faults: readonly (readonly [weight: number, name: string, run: () => void])[] = [
    [4, 'cut', () => this.#onConnection((it) => it.cut(this.#cutOrder()))],
    [5, 'cut-at', () => this.#onConnection((it) => this.#cutAt(it))],
    [4, 'stall', () => this.#onConnection((it) => this.#stall(it))],
    [3, 'black-hole', () => this.#onConnection((it) => it.blackHole(this.#directions()))],
    [3, 'roam', () => this.#roam()],
    [3, 'outage', () => this.#outage()],
    [3, 'quality', () => this.#path().set(drawQuality(this.#random))],
    [2, 'flip', () => this.#onConnection((it) => it.flip(this.#direction()))],
    [4, 'extra-link', () => this.#targets.client.openExtra(this.#path())],
    [3, 'prefer', () => this.#prefer()],
    [2, 'retire', () => this.#retire()],
    [2, 'stranger', () => this.#stranger()],
    [3, 'key', () => this.#targets.client.own.onKey()],
    [1, 'sleep', () => this.#sleep()],
  ];

  constructor(
    parts: { clock: Clock; random: SeededRandom; report: SimReport },
    targets: FaultTargets,
    meanGapMs: number,
    hasLong: boolean,
  ) {
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#report = parts.report;
    this.#targets = targets;
    this.#meanGapMs = meanGapMs;
    this.#hasLong = hasLong;
  }

  start(): void {
    if (this.#isStopped) return;
    const gapMs = -Math.log(1 - this.#random.uniform()) * this.#meanGapMs;
    this.#next = this.#clock.schedule(gapMs, () => {
      this.#strike();
      this.start();
    });
  }

  /** From here on the network is good. What is dead already stays dead: that is for the session to find out. */
  stop(): void {
    this.#isStopped = true;
    this.#next?.cancel();
    for (const [timer, heal] of this.#heals) {
      timer.cancel();
      heal();
    }
    this.#heals.clear();
    for (const path of this.#targets.paths) {
      path.answer = 'accepts';
      for (const connection of path.connections) connection.calm();
      path.set({ delayMs: 20, jitterMs: 5, bytesPerSecond: 1_000_000 });
      path.set({ loss: 0, duplicate: 0, reorder: 0 });
    }
  }

  #strike(): void {
    let draw = this.#random.uniform() * this.#faults.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, name, run] of this.#faults) {
      draw -= weight;
      if (draw >= 0) continue;
      this.#report.count(name);
      this.#report.trace(`-- ${name}`);
      run();
      return;
    }
  }

  #heal(afterMs: number, heal: () => void): void {
    const timer = this.#clock.schedule(afterMs, () => {
      this.#heals.delete(timer);
      this.#report.trace('-- healed');
      heal();
    });
    this.#heals.set(timer, heal);
  }

  #pick<T>(items: Iterable<T>): T | undefined {
    const all = [...items];
    return all[this.#random.integer(0, all.length - 1)];
  }

  #path(): SimPath {
    return this.#pick(this.#targets.paths) as SimPath;
  }

  #onConnection(act: (connection: SimConnection) => void): void {
    const all = this.#targets.paths.flatMap((path) => [...path.connections]);
    const connection = this.#pick(all);
    if (connection !== undefined) act(connection);
  }

  #direction(): Direction {
    return this.#random.chance(0.5) ? 'aToB' : 'bToA';
  }

  #directions(): Directions {
    return this.#random.chance(0.4) ? 'both' : this.#direction();
  }

  #cutOrder(): { first: 'a' | 'b' | 'both'; lagMs: number } {
    const first = this.#pick(['a', 'b', 'both'] as const) ?? 'both';
    return { first, lagMs: this.#random.chance(0.3) ? 0 : this.#random.integer(1, 5000) };
  }

  /** At any byte: of a handshake, a record's head or middle, a replay. */
  #cutAt(connection: SimConnection): void {
    const reach = this.#random.chance(0.5) ? 64 : 20_000;
    connection.cutAfter(this.#direction(), this.#random.integer(0, reach));
  }

  #stall(connection: SimConnection): void {
    const directions = this.#directions();
    connection.hold(directions);
    this.#heal(this.#lengthMs(10_000), () => connection.release(directions));
  }

  #roam(): void {
    const { client, paths } = this.#targets;
    if (this.#random.chance(0.7)) for (const path of paths) path.abandon();
    else this.#path().abandon();
    client.path = this.#path();
    if (this.#random.chance(0.5)) client.own.onAddressesChange(() => this.#random.chance(0.5));
  }

  #outage(): void {
    const { paths } = this.#targets;
    const hit = this.#random.chance(0.6) ? paths : [this.#path()];
    const answers: readonly DialAnswer[] = ['silent', 'silent', ...DIAL_ERRORS];
    const answer = this.#pick(answers) ?? 'silent';
    const how = this.#pick(['hold', 'abandon', 'cut', 'leave'] as const);
    for (const path of hit) {
      path.answer = answer;
      const connections = [...path.connections];
      if (how === 'abandon') path.abandon();
      for (const connection of connections) {
        if (how === 'hold') connection.hold('both');
        else if (how === 'cut') connection.cut(this.#cutOrder());
      }
      this.#heal(this.#lengthMs(60_000), () => {
        path.answer = 'accepts';
        if (how === 'hold') for (const connection of connections) connection.release('both');
      });
    }
  }

  #prefer(): void {
    const { session } = this.#targets.client;
    const link = this.#pick(session.links);
    if (link !== undefined && !link.isRetired) session.prefer(link);
  }

  #retire(): void {
    const { client, server } = this.#targets;
    const atServer = this.#random.chance(0.4);
    const session = atServer ? server.sessionOf(client.instance) : client.session;
    const link = session === undefined ? undefined : this.#pick(session.links);
    if (session === undefined || link === undefined) return;
    if (this.#random.chance(0.5)) session.dropLink(link);
    else session.retire(link);
  }

  /** Somebody without a key: nonsense, a recorded hello, or half of one. */
  #stranger(): void {
    const { network } = this.#targets.client;
    const connection = network.connect(this.#path());
    const recorded = this.#pick(network.hellos) ?? this.#random.bytes(1400);
    const bytes = this.#random.chance(0.3) ? this.#random.bytes(1500) : recorded.slice();
    connection.client.start({ onBytes: () => undefined, onClose: () => undefined });
    connection.client.write([bytes.subarray(0, this.#random.chance(0.7) ? bytes.length : 700)]);
    this.#heal(this.#random.integer(1, 30_000), () => connection.client.reset());
  }

  /** The client's machine sleeps; its network forgets it, or not. */
  #sleep(): void {
    const { client, clientClock, paths } = this.#targets;
    if (clientClock.isAsleep) return;
    clientClock.sleep();
    const held = paths.flatMap((path) => [...path.connections]);
    for (const connection of held) connection.hold('both');
    if (this.#random.chance(0.5)) for (const path of paths) path.abandon();
    this.#heal(this.#hasLong ? 8 * HOUR_MS : this.#lengthMs(60_000), () => {
      for (const connection of held) connection.release('both');
      clientClock.wake();
      client.own.onWake();
    });
  }

  /** Mostly short, up to `maxMs`; an hour where the seed has long faults. */
  #lengthMs(maxMs: number): number {
    if (this.#hasLong && this.#random.chance(0.1)) return HOUR_MS;
    return 10 * (maxMs / 10) ** this.#random.uniform();
  }
}

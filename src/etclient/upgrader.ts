import type { DialResult, RunningDial } from '../backed/redialer.ts';
import type { SecureLink } from '../backed/secure-link.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { EtError } from '../base/errors.ts';
import type { RoadPlan } from './road-plan.ts';

/** The better roads are tried this long after a link has joined, then at doubling intervals up to the last, in milliseconds. */
const FIRST_UPGRADE_MS = 250;
/** And never oftener than this. */
const LEAST_UPGRADE_MS = 5000;
const LAST_UPGRADE_MS = 60_000;
/** A better road whose link dies sooner after its upgrade was none: it waits, and twice as long each time. */
const STEADY_MS = 10_000;
const LONGEST_PENANCE_MS = 600_000;

export interface UpgraderDeps {
  readonly clock: Clock;
  readonly plan: Pick<RoadPlan, 'betterThan' | 'roadOf'>;
  /** Whether there is a link to improve on: without one every road is tried anyway. */
  readonly hasLink: () => boolean;
  readonly onLink: (link: SecureLink) => void;
  readonly onFailed: (error: EtError) => void;
}

/** Of a road that died soon after it was taken. */
interface Penance {
  readonly waitMs: number;
  readonly untilMs: number;
}

/**
 * The policy `single`: while the session's link goes over one road, the better ones are tried, and what comes of it takes its place.
 *
 *   content --- a link by a worse road ---> waiting --- time is up ---> trying --- failed ---> waiting
 *      ^                                       |                          |
 *      +---------- a link by the best ---------+--------------------------+          any --- stop ---> over (final)
 *
 * Between any two calls: at most one dial runs, and then no timer is set.
 */
export class Upgrader {
  readonly #deps: UpgraderDeps;
  readonly #penances = new Map<string, Penance>();
  #current: SecureLink | undefined;
  #timer: Timer | undefined;
  #running: RunningDial | undefined;
  #waitMs = FIRST_UPGRADE_MS;
  #lastStartMs = Number.NEGATIVE_INFINITY;
  /** The last link of ours, and when it joined. */
  #upgraded: { readonly link: SecureLink; readonly atMs: number } | undefined;
  #isOver = false;

  constructor(deps: UpgraderDeps) {
    this.#deps = deps;
  }

  get isTrying(): boolean {
    return this.#running !== undefined;
  }

  /** A link has joined, whoever has dialled it. */
  onJoined(link: SecureLink): void {
    if (this.#isOver) return;
    const { plan } = this.#deps;
    const before = this.#current;
    this.#current = link;
    const isAsBefore = before !== undefined && plan.roadOf(before) === plan.roadOf(link);
    // What is tried for a link of the same road is as good for this one.
    if (isAsBefore && this.#running !== undefined) return;
    this.#rest();
    this.#waitMs = FIRST_UPGRADE_MS;
    this.#schedule();
  }

  /** A link is lost or silent. */
  onLost(link: SecureLink): void {
    if (this.#upgraded?.link !== link) return;
    const { clock, plan } = this.#deps;
    const livedMs = clock.now() - this.#upgraded.atMs;
    this.#upgraded = undefined;
    const road = plan.roadOf(link);
    if (livedMs >= STEADY_MS) {
      this.#penances.delete(road);
      return;
    }
    const lastMs = this.#penances.get(road)?.waitMs ?? LEAST_UPGRADE_MS;
    const waitMs = Math.min(2 * lastMs, LONGEST_PENANCE_MS);
    this.#penances.set(road, { waitMs, untilMs: clock.now() + waitMs });
  }

  /** Where the ways have changed nothing that was seen before counts. */
  onNetworkChange(): void {
    this.#penances.clear();
    if (this.#timer === undefined && this.#running === undefined) return;
    this.#rest();
    this.#waitMs = FIRST_UPGRADE_MS;
    this.#schedule();
  }

  stop(): void {
    this.#isOver = true;
    this.#rest();
  }

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#running?.cancel();
    this.#running = undefined;
  }

  #schedule(): void {
    const { clock, plan } = this.#deps;
    const link = this.#current;
    if (this.#isOver || link === undefined || plan.betterThan(link) === undefined) return;
    const nowMs = clock.now();
    const dueMs = Math.max(nowMs + this.#waitMs, this.#lastStartMs + LEAST_UPGRADE_MS);
    this.#waitMs = Math.min(Math.max(this.#waitMs * 2, LEAST_UPGRADE_MS), LAST_UPGRADE_MS);
    this.#timer = clock.schedule(dueMs - nowMs, () => this.#try());
  }

  #try(): void {
    this.#timer = undefined;
    const { clock, plan, hasLink } = this.#deps;
    const link = this.#current;
    if (link === undefined || !hasLink()) return;
    const nowMs = clock.now();
    const isDoingPenance = (road: string): boolean =>
      (this.#penances.get(road)?.untilMs ?? nowMs) > nowMs;
    const start = plan.betterThan(link, isDoingPenance);
    if (start === undefined) {
      this.#schedule();
      return;
    }
    this.#lastStartMs = nowMs;
    let isOver = false;
    const running = start((result) => {
      isOver = true;
      this.#running = undefined;
      this.#finish(result);
    });
    if (!isOver) this.#running = running;
  }

  #finish(result: DialResult): void {
    if (result.kind === 'failed') {
      this.#deps.onFailed(result.error);
      this.#schedule();
      return;
    }
    if (this.#isOver) {
      result.link.reset();
      return;
    }
    this.#upgraded = { link: result.link, atMs: this.#deps.clock.now() };
    this.#deps.onLink(result.link);
  }
}

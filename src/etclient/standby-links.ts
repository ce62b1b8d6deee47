import type { DialResult, RunningDial } from '../backed/redialer.ts';
import type { Session } from '../backed/session.ts';
import type { SessionLink } from '../backed/session-link.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { RoadPlan } from './road-plan.ts';

/** How many links there are to be, each by a way of its own. */
const WANTED = 2;
/** The second one is dialled this long after the first has joined, when the first prompt is on its way. */
const FIRST_DIAL_MS = 250;
/** One road is dialled no oftener than this; after failures at doubling intervals up to the last. */
const SHORTEST_WAIT_MS = 5000;
const LONGEST_WAIT_MS = 60_000;
/** ...but for a change of the network or a wake from sleep, which no wait knew of. */
const NUDGED_WAIT_MS = 1000;
/** A worse road is not dialled for while a better one has been dialled for no longer than this. */
const HEAD_START_MS = 4000;
/** A dial that has come to nothing by itself in this time is given up. */
const GIVE_UP_MS = 60_000;
/** A translator of addresses forgets a quiet connection: asked no later than this, no usual one does. */
const ATTENDED_SILENCE_MS = 30_000;
const UNATTENDED_SILENCE_MS = 64_000;

export interface StandbyDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly plan: Pick<RoadPlan, 'roads' | 'roadOf'>;
  readonly session: Session;
  readonly isAttended: () => boolean;
  /** The longest silence that the user allows, in milliseconds. */
  readonly keepaliveMs: number | undefined;
}

/** One road, and the dial for a link over it. */
interface Road {
  readonly index: number;
  readonly way: string;
  dial: RunningDial | undefined;
  giveUp: Timer | undefined;
  waitMs: number;
  notBeforeMs: number;
  lastStartMs: number;
}

/**
 * `--standby`: two live links over different roads, by different ways where there are any: UDP and TCP to one host fail together. The best steady one carries; `Doubts` moves what it carries to the
 * other within a round trip of its silence. A link that is missing is dialled for, as long as the other is alive;
 * where none is, the redialer dials.
 *
 * Between any two calls: a timer is set exactly when a missing road's dial is due later; no dial outlives `stop`.
 */
export class StandbyLinks {
  readonly #deps: StandbyDeps;
  readonly #roads: Road[];
  #timer: Timer | undefined;
  #isLooking = false;
  #mustLookAgain = false;
  #isStopped = false;

  constructor(deps: StandbyDeps) {
    this.#deps = deps;
    const notBeforeMs = deps.clock.now() + FIRST_DIAL_MS;
    const { roads } = deps.plan;
    const hasWays = new Set(roads.map(({ way }) => way)).size >= WANTED;
    this.#roads = roads.map(({ name, way }, index) => ({
      index,
      way: hasWays ? way : name,
      dial: undefined,
      giveUp: undefined,
      waitMs: SHORTEST_WAIT_MS,
      notBeforeMs,
      lastStartMs: Number.NEGATIVE_INFINITY,
    }));
    deps.session.watch.warmMs = () => {
      const longestMs = deps.isAttended() ? ATTENDED_SILENCE_MS : UNATTENDED_SILENCE_MS;
      return Math.min(longestMs, deps.keepaliveMs ?? longestMs);
    };
  }

  /** Called whenever something has happened to a link. */
  look(): void {
    this.#mustLookAgain = true;
    // What is done here to a link is told of as well.
    if (this.#isLooking) return;
    this.#isLooking = true;
    while (this.#mustLookAgain && !this.#isStopped) {
      this.#mustLookAgain = false;
      const live = this.#live();
      this.#retireOthers(live);
      this.#preferBest(live);
      this.#dialMissing(live);
    }
    this.#isLooking = false;
  }

  /** Interfaces have changed, or the machine woke: what failed before may work. */
  nudge(): void {
    for (const road of this.#roads) {
      road.waitMs = SHORTEST_WAIT_MS;
      const soonestMs = Math.max(this.#now, road.lastStartMs + NUDGED_WAIT_MS);
      road.notBeforeMs = Math.min(road.notBeforeMs, soonestMs);
    }
    this.look();
  }

  /** `link` has to be replaced by another one of its road. */
  replace(link: SessionLink): void {
    const road = this.#roads[this.#roadOf(link)];
    if (road === undefined || road.dial !== undefined) link.wearLater();
    else this.#dial(road, () => link.wearLater());
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    for (const road of this.#roads) {
      road.giveUp?.cancel();
      road.dial?.cancel();
    }
  }

  get #now(): number {
    return this.#deps.clock.now();
  }

  /** A link of no road, as one that the plan leaves out, counts as of the last. */
  #roadOf(link: SessionLink): number {
    const { plan } = this.#deps;
    const name = plan.roadOf(link.secure);
    const at = plan.roads.findIndex((road) => road.name === name);
    return at < 0 ? plan.roads.length - 1 : at;
  }

  /** The link of each road that is trusted, the latest where there are several. */
  #live(): Map<number, SessionLink> {
    const live = new Map<number, SessionLink>();
    for (const link of this.#deps.session.links) {
      if (link.isSuspect || link.isRetired) continue;
      const road = this.#roadOf(link);
      if ((live.get(road)?.id ?? 0) < link.id) live.set(road, link);
    }
    return live;
  }

  /** Make before break: an older link of a road gives way, and so does what goes beyond those that are wanted. */
  #retireOthers(live: Map<number, SessionLink>): void {
    const { session } = this.#deps;
    const kept = this.#kept(live);
    for (const link of session.links) {
      const latest = live.get(this.#roadOf(link));
      if (latest === undefined || kept.has(link)) continue;
      // The kernel goes on resending on a silent one.
      if (link.isSuspect) session.dropLink(link);
      else session.retire(link);
    }
    for (const [road, link] of live) if (!kept.has(link)) live.delete(road);
  }

  /** The best roads' links, and all of them while one of these is doubted. */
  #kept(live: ReadonlyMap<number, SessionLink>): Set<SessionLink> {
    const best = [...live].sort(([a], [b]) => a - b).map(([, link]) => link);
    const ways = new Map<string | undefined, SessionLink>();
    for (const link of best) {
      const way = this.#roads[this.#roadOf(link)]?.way;
      if (ways.size < WANTED && !ways.has(way)) ways.set(way, link);
    }
    const wanted = [...ways.values()];
    return new Set(wanted.every(({ doubt }) => doubt.state === 'steady') ? wanted : best);
  }

  #preferBest(live: ReadonlyMap<number, SessionLink>): void {
    const { session } = this.#deps;
    const steady = [...live].filter(([, link]) => link.doubt.state === 'steady');
    const best = steady.sort(([a], [b]) => a - b)[0]?.[1];
    if (best !== undefined && best.id !== session.links.preferredId) session.prefer(best);
  }

  /** As many of the best roads as links are wanted, where they have none. */
  #dialMissing(live: ReadonlyMap<number, SessionLink>): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (live.size === 0 || this.#deps.session.isOver) return;
    let dueMs = Number.POSITIVE_INFINITY;
    const found = new Set<string>();
    for (const road of this.#roads) {
      if (found.size === WANTED) break;
      if (found.has(road.way)) continue;
      if (live.has(road.index)) found.add(road.way);
      else {
        if (this.#isExpected(road)) found.add(road.way);
        dueMs = Math.min(dueMs, this.#ripeMs(road));
      }
    }
    if (dueMs === Number.POSITIVE_INFINITY || this.#isStopped) return;
    this.#timer = this.#deps.clock.schedule(dueMs - this.#now, () => this.look());
  }

  /** Dials it if that is due; true while a worse one need not be dialled beside it. */
  #isExpected(road: Road): boolean {
    if (road.dial === undefined && road.notBeforeMs <= this.#now) this.#dial(road);
    return road.dial !== undefined && this.#now < road.lastStartMs + HEAD_START_MS;
  }

  /** When there is something to decide about it, unless its dial ends before. */
  #ripeMs(road: Road): number {
    if (road.dial === undefined) return road.notBeforeMs;
    const ripeMs = road.lastStartMs + HEAD_START_MS;
    return ripeMs > this.#now ? ripeMs : Number.POSITIVE_INFINITY;
  }

  #dial(road: Road, onFail: () => void = () => undefined): void {
    const start = this.#deps.plan.roads[road.index]?.start;
    if (start === undefined) return;
    road.lastStartMs = this.#now;
    road.notBeforeMs = this.#now + road.waitMs;
    let isOver = false;
    const finish = (result: DialResult | undefined): void => {
      if (isOver) return;
      isOver = true;
      road.dial = undefined;
      road.giveUp?.cancel();
      if (result?.kind !== 'link') onFail();
      this.#finish(road, result);
    };
    const dial = start(finish);
    // It may have been over as soon as it began.
    if (isOver) return;
    road.dial = dial;
    road.giveUp = this.#deps.clock.schedule(GIVE_UP_MS, () => {
      dial.cancel();
      finish(undefined);
    });
  }

  #finish(road: Road, result: DialResult | undefined): void {
    if (result?.kind === 'link') {
      road.waitMs = SHORTEST_WAIT_MS;
      if (this.#isStopped) result.link.reset();
      else this.#deps.session.addLink(result.link);
      return;
    }
    const { logger } = this.#deps;
    if (result !== undefined) logger.log(1, `standby dial failed: ${result.error.message}`);
    road.waitMs =
      result?.noRoute === true ? LONGEST_WAIT_MS : Math.min(road.waitMs * 2, LONGEST_WAIT_MS);
    road.notBeforeMs = Math.max(this.#now, road.lastStartMs + road.waitMs);
    this.look();
  }
}

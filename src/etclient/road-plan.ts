import { onlyRoads, roadsIn } from '../backed/dial-plan.ts';
import { type LinkDialOptions, linkDial } from '../backed/link-dial.ts';
import { planDial, type RoadDial } from '../backed/plan-dial.ts';
import { DEFAULT_RECONNECT, type Patience } from '../backed/reconnect.ts';
import type { DialResult, RunningDial, StartDial } from '../backed/redialer.ts';
import type { SecureLink } from '../backed/secure-link.ts';
import type { Clock } from '../base/clock.ts';
import type { EtError } from '../base/errors.ts';
import { type Experience, heedExperience } from './choose-plan.ts';
import { formatRoad, type Road, type RoadsPlan, wayOf } from './road.ts';
import type { RoadDials } from './road-dials.ts';
import { sparingDial } from './sparing-dial.ts';

/** ssh connects, authenticates and starts a program; over a satellite that is a dozen round trips. */
export const SSH_TIMEOUT_MS = 60_000;

/** One road by itself. */
export interface PlannedRoad {
  /** As `formatRoad` has it. */
  readonly name: string;
  /** As `wayOf` has it. */
  readonly way: string;
  readonly start: StartDial;
}

/** What a client dials: any road when it has no link, the better ones when it has. */
export interface RoadPlan {
  /** All roads, as the plan has them. */
  readonly dial: StartDial;
  /** Each road by itself, the best first. */
  readonly roads: readonly PlannedRoad[];
  /** As `formatRoad` has it. A link that no dial of this plan has made is the ssh that started the session. */
  roadOf(link: SecureLink): string;
  /** The roads that are better than that of `link`, but those left out; `undefined` where there are none. */
  betterThan(link: SecureLink, isLeftOut?: (road: string) => boolean): StartDial | undefined;
}

/** What becomes of roads, for the next time. */
export interface RoadLearner {
  /** What is known of the network that this machine is in. */
  recall(): Experience | undefined;
  /** `worked` has given a link; those of `failed` are better, and were tried in vain. */
  learn(worked: string, failed: readonly string[]): void;
}

export interface RoadPlanOptions {
  readonly link: LinkDialOptions;
  readonly dials: RoadDials;
  readonly plan: RoadsPlan;
  /** ssh leads to the same address as TCP: without a route to it neither is tried. */
  readonly isSshStraight: boolean;
  readonly learner?: RoadLearner | undefined;
  /** One road has failed, while others may still be tried. */
  readonly onRoadFailed?: ((error: EtError) => void) | undefined;
  /** The plan is not the user's own, and what was learned may change who waits for whom. */
  readonly isAdaptive?: boolean;
}

export function planRoads(clock: Clock, options: RoadPlanOptions): RoadPlan {
  return new Roads(clock, options);
}

class Roads implements RoadPlan {
  readonly #clock: Clock;
  readonly #options: RoadPlanOptions;
  readonly #dials = new Map<string, RoadDial>();
  readonly #made = new WeakMap<SecureLink, string>();

  constructor(clock: Clock, options: RoadPlanOptions) {
    this.#clock = clock;
    this.#options = options;
    for (const road of roadsIn(options.plan)) {
      const name = formatRoad(road);
      // The first place of a road that stands in several is what it is worth.
      if (!this.#dials.has(name)) this.#dials.set(name, dialOfRoad(clock, options, road));
    }
  }

  readonly dial: StartDial = (done, patience) => {
    const { plan, learner, isAdaptive } = this.#options;
    const heeded = isAdaptive === true ? heedExperience(plan, learner?.recall()) : plan;
    return this.#start(heeded, new Set(), done, patience);
  };

  get roads(): RoadPlan['roads'] {
    return roadsIn(this.#options.plan)
      .filter((road, at, all) => all.findIndex((each) => isSame(each, road)) === at)
      .map((road) => ({
        name: formatRoad(road),
        way: wayOf(road),
        start: (done, patience) => this.#start({ kind: 'direct', road }, new Set(), done, patience),
      }));
  }

  roadOf(link: SecureLink): string {
    return this.#made.get(link) ?? 'ssh';
  }

  betterThan(
    link: SecureLink,
    isLeftOut: (road: string) => boolean = () => false,
  ): StartDial | undefined {
    const own = this.roadOf(link);
    const better = this.#betterThan(own).filter((name) => !isLeftOut(name));
    const part = onlyRoads(this.#options.plan, (road) => better.includes(formatRoad(road)));
    if (part === undefined) return undefined;
    return (done, patience) => {
      const tried = new Set<string>();
      const told = (result: DialResult): void => {
        // Without a route nothing is said about any road.
        if (result.kind === 'failed' && !result.noRoute) this.#learn(own, tried);
        done(result);
      };
      return this.#start(part, tried, told, patience);
    };
  }

  #start(
    plan: RoadsPlan,
    tried: Set<string>,
    done: (result: DialResult) => void,
    patience: Patience | undefined,
  ): RunningDial {
    const start = planDial(this.#clock, plan, (road) => {
      const name = formatRoad(road);
      const dial = this.#dials.get(name) ?? dialOfRoad(this.#clock, this.#options, road);
      return { ...dial, start: this.#observed(name, dial.start, tried) };
    });
    return start(done, patience);
  }

  #observed(name: string, start: StartDial, tried: Set<string>): StartDial {
    return (done, patience) => {
      tried.add(name);
      return start((result) => {
        if (result.kind === 'link') {
          this.#made.set(result.link, name);
          this.#learn(name, tried);
        } else {
          this.#options.onRoadFailed?.(result.error);
        }
        done(result);
      }, patience);
    };
  }

  #learn(worked: string, tried: ReadonlySet<string>): void {
    const failed = this.#betterThan(worked).filter((name) => tried.has(name));
    this.#options.learner?.learn(worked, failed);
  }

  #betterThan(name: string): readonly string[] {
    const names = [...this.#dials.keys()];
    const at = names.indexOf(name);
    return at < 0 ? names : names.slice(0, at);
  }
}

function isSame(a: Road, b: Road): boolean {
  return formatRoad(a) === formatRoad(b);
}

function dialOfRoad(clock: Clock, options: RoadPlanOptions, road: Road): RoadDial {
  const { link, dials, isSshStraight } = options;
  const start = linkDial(link, dials.dialOf(road), dials.nameOf(road));
  if (road.kind === 'ssh') {
    const route = isSshStraight ? 'host' : undefined;
    return { start: sparingDial(clock, start), timeoutMs: SSH_TIMEOUT_MS, route };
  }
  // One dial with nothing before it: it has what any attempt has.
  const { dropAfterMs, patientMs } = DEFAULT_RECONNECT;
  const route = road.kind === 'udp' || road.kind === 'tcp' ? 'host' : undefined;
  return { start, timeoutMs: dropAfterMs, patientMs, againAfterMs: dropAfterMs, route };
}

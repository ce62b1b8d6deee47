import type { Clock } from '../base/clock.ts';
import { delayedDial } from './delayed-dial.ts';
import type { DialPlan } from './dial-plan.ts';
import { longestMs, type RaceEntry, raceDials } from './dial-race.ts';
import type { StartDial } from './redialer.ts';

/** How one road is dialled. */
export interface RoadDial extends Omit<RaceEntry, 'afterMs' | 'sharesRoute'> {
  /** Where it leads: of roads to one place the later ones are not tried once there is no route to it. `undefined`: elsewhere. */
  readonly route: string | undefined;
}

/** A part that has reached its limit has this long to tell what it has tried, in milliseconds. */
const LAST_WORDS_MS = 100;

/**
 * A dial that obeys `plan`. It fails when every road that was tried has, and tells the last failure of each, in the order of the plan.
 */
export function planDial<Road>(
  clock: Clock,
  plan: DialPlan<Road>,
  dialOf: (road: Road) => RoadDial,
): StartDial {
  return new Builder(clock, dialOf).complete(plan).start;
}

class Builder<Road> {
  readonly #clock: Clock;
  readonly #dialOf: (road: Road) => RoadDial;

  constructor(clock: Clock, dialOf: (road: Road) => RoadDial) {
    this.#clock = clock;
    this.#dialOf = dialOf;
  }

  /** A dial that keeps to its limit by itself. */
  complete(plan: DialPlan<Road>): RoadDial {
    const isRace = plan.kind === 'race' || plan.kind === 'fallback';
    return this.#raced(isRace ? this.#entries(plan) : [{ ...this.#part(plan), afterMs: 0 }]);
  }

  /** A dial that a race holds to its limit. */
  #part(plan: DialPlan<Road>): RoadDial {
    switch (plan.kind) {
      case 'direct':
        return this.#dialOf(plan.road);
      case 'race':
      case 'fallback':
        return this.#raced(this.#entries(plan));
      case 'delay':
        return this.#delayed(this.complete(plan.plan), plan.ms);
      case 'timeout':
        return atMost(this.#part(plan.plan), plan.ms);
    }
  }

  #entries(plan: DialPlan<Road> & { readonly kind: 'race' | 'fallback' }): Placed[] {
    return plan.plans.map((each, at) => {
      if (plan.kind === 'fallback') {
        // Whose turn is over is not tried again beside the next.
        const { againAfterMs: _, ...dial } = this.#part(each);
        return { ...dial, afterMs: at === 0 ? 0 : Number.POSITIVE_INFINITY };
      }
      return each.kind === 'delay'
        ? { ...this.#part(each.plan), afterMs: each.ms }
        : { ...this.#part(each), afterMs: 0 };
    });
  }

  #raced(placed: readonly Placed[]): RoadDial {
    const route = placed[0]?.route;
    const entries: RaceEntry[] = [];
    let isOneRoute = route !== undefined;
    for (const entry of placed) {
      isOneRoute &&= entry.route === route;
      entries.push({ ...entry, sharesRoute: isOneRoute && entries.length > 0 });
    }
    return {
      start: raceDials(this.#clock, entries),
      timeoutMs: longestMs(entries, 'brief') + LAST_WORDS_MS,
      patientMs: longestMs(entries, 'patient') + LAST_WORDS_MS,
      route: isOneRoute ? route : undefined,
    };
  }

  #delayed(dial: RoadDial, waitMs: number): RoadDial {
    const { start, timeoutMs, patientMs = timeoutMs, route } = dial;
    return {
      start: delayedDial(this.#clock, start, waitMs),
      timeoutMs: timeoutMs + waitMs,
      patientMs: patientMs + waitMs,
      route,
    };
  }
}

type Placed = RoadDial & Pick<RaceEntry, 'afterMs'>;

function atMost(dial: RoadDial, ms: number): RoadDial {
  const { timeoutMs, patientMs = timeoutMs } = dial;
  return { ...dial, timeoutMs: Math.min(timeoutMs, ms), patientMs: Math.min(patientMs, ms) };
}

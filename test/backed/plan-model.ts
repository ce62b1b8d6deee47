import type { DialPlan } from '../../src/backed/dial-plan.ts';

/** A road of a random plan, and what comes of dialling it. */
export interface ModelRoad {
  readonly name: string;
  readonly outcome: 'link' | 'refused' | 'no route' | 'silence';
  /** How long it takes, in milliseconds; nothing else takes the same fraction of one, so that no two things happen at once. */
  readonly tookMs: number;
  /** Its own limit. */
  readonly limitMs: number;
  readonly route: string | undefined;
}

/** What is to come of a plan: told by a description of it, without timers or callbacks. */
export interface ModelEnd {
  readonly endMs: number;
  readonly winner: string | undefined;
  readonly failures: readonly string[];
  readonly noRoute: boolean;
  /** Every road that was dialled, with the time. */
  readonly started: readonly string[];
}

interface Part {
  readonly plan: DialPlan<ModelRoad>;
  /** Its start at the latest, unless all that run have failed before. */
  readonly startMs: number;
}

/** `deadlineMs`: when a plan around this one gives it up. */
export function modelOf(
  plan: DialPlan<ModelRoad>,
  startMs: number = 0,
  deadlineMs: number = Number.POSITIVE_INFINITY,
): ModelEnd {
  switch (plan.kind) {
    case 'direct':
      return endOf(plan.road, startMs, deadlineMs);
    case 'timeout':
      return modelOf(plan.plan, startMs, Math.min(deadlineMs, startMs + plan.ms));
    case 'delay':
      if (startMs + plan.ms < deadlineMs) return modelOf(plan.plan, startMs + plan.ms, deadlineMs);
      return {
        ...NOTHING,
        endMs: deadlineMs,
        failures: [`no time was left after a delay of ${plan.ms / 1000} s`],
      };
    case 'fallback':
      return raceOf(
        plan.plans.map((each, at) => ({ plan: each, startMs: at === 0 ? startMs : Infinity })),
        startMs,
        deadlineMs,
      );
    case 'race':
      return raceOf(
        plan.plans.map((each) =>
          each.kind === 'delay'
            ? { plan: each.plan, startMs: startMs + each.ms }
            : { plan: each, startMs },
        ),
        startMs,
        deadlineMs,
      );
  }
}

const NOTHING = { winner: undefined, failures: [], noRoute: false, started: [] } as const;

function endOf(road: ModelRoad, startMs: number, deadlineMs: number): ModelEnd {
  const { name, outcome, tookMs, limitMs } = road;
  const started = [`${startMs} ${name}`];
  const lastMs = Math.min(deadlineMs, startMs + limitMs);
  const endMs = startMs + tookMs;
  if (outcome === 'silence' || endMs >= lastMs)
    return { ...NOTHING, started, endMs: lastMs, failures: [`${name} timed out`] };
  if (outcome === 'link') return { ...NOTHING, started, endMs, winner: name };
  const noRoute = outcome === 'no route';
  return { ...NOTHING, started, endMs, failures: [`${name}: ${outcome}`], noRoute };
}

/** The routes of a plan's roads, where that is one. */
function routeOf(plan: DialPlan<ModelRoad>): string | undefined {
  switch (plan.kind) {
    case 'direct':
      return plan.road.route;
    case 'delay':
    case 'timeout':
      return routeOf(plan.plan);
    case 'race':
    case 'fallback': {
      const [first, ...others] = plan.plans.map(routeOf);
      return others.every((route) => route === first) ? first : undefined;
    }
  }
}

function raceOf(parts: readonly Part[], beginMs: number, deadlineMs: number): ModelEnd {
  return new RaceModel(parts, beginMs, deadlineMs).end();
}

/** Goes from one event to the next: a part begins, or one ends. */
class RaceModel {
  readonly #parts: readonly Part[];
  readonly #deadlineMs: number;
  readonly #ends = new Map<Part, ModelEnd>();
  readonly #over = new Set<Part>();
  readonly #forgone = new Set<Part>();
  #nowMs: number;

  constructor(parts: readonly Part[], beginMs: number, deadlineMs: number) {
    this.#parts = parts;
    this.#nowMs = beginMs;
    this.#deadlineMs = deadlineMs;
  }

  end(): ModelEnd {
    for (;;) {
      const first = this.#firstToEnd();
      const next = this.#nextToBegin(first?.end.endMs);
      if (next !== undefined) {
        this.#nowMs = Math.max(
          this.#nowMs,
          Math.min(next.startMs, first?.end.endMs ?? this.#nowMs),
        );
        this.#ends.set(next, modelOf(next.plan, this.#nowMs, this.#deadlineMs));
        continue;
      }
      if (first === undefined) return lost(this.#parts, this.#ends, this.#nowMs);
      this.#over.add(first.part);
      this.#nowMs = first.end.endMs;
      if (first.end.winner !== undefined) return won(first.end, [...this.#ends.values()]);
      if (first.end.noRoute) for (const part of sharing(this.#parts)) this.#forgone.add(part);
    }
  }

  #firstToEnd(): { readonly part: Part; readonly end: ModelEnd } | undefined {
    const running = [...this.#ends].filter(([part]) => !this.#over.has(part));
    const [first] = running.toSorted(([, a], [, b]) => a.endMs - b.endMs);
    return first === undefined ? undefined : { part: first[0], end: first[1] };
  }

  /** One whose time comes before `endMs`, the next end; without one that runs, the first of all that wait. */
  #nextToBegin(endMs: number | undefined): Part | undefined {
    if (this.#nowMs >= this.#deadlineMs) return undefined;
    const waiting = this.#parts.filter(
      (part) => !(this.#ends.has(part) || this.#forgone.has(part)),
    );
    const [due] = waiting.toSorted((a, b) => a.startMs - b.startMs);
    if (due !== undefined && due.startMs <= this.#nowMs) return due;
    if (endMs === undefined) return waiting[0];
    return due !== undefined && due.startMs < endMs ? due : undefined;
  }
}

/** Those that lead where all before them lead. */
function sharing(parts: readonly Part[]): readonly Part[] {
  const routes = parts.map(({ plan }) => routeOf(plan));
  const [first] = routes;
  if (first === undefined) return [];
  const differs = routes.findIndex((route) => route !== first);
  return parts.slice(1, differs < 0 ? parts.length : Math.max(differs, 1));
}

function won(end: ModelEnd, all: readonly ModelEnd[]): ModelEnd {
  const started = all.flatMap((each) => each.started);
  return { ...end, started: started.filter((line) => Number(line.split(' ')[0]) <= end.endMs) };
}

function lost(parts: readonly Part[], ends: ReadonlyMap<Part, ModelEnd>, endMs: number): ModelEnd {
  const inOrder = parts.flatMap((part) => ends.get(part) ?? []);
  return {
    endMs,
    winner: undefined,
    failures: inOrder.flatMap(({ failures }) => failures),
    noRoute: inOrder.every(({ noRoute }) => noRoute),
    started: inOrder.flatMap(({ started }) => started),
  };
}

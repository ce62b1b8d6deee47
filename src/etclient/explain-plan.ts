import { roadsIn } from '../backed/dial-plan.ts';
import { DEFAULT_RECONNECT } from '../backed/reconnect.ts';
import { formatDialPlan } from './format-dial-plan.ts';
import { formatTable } from './format-table.ts';
import { formatRoad, type Road, type RoadsPlan } from './road.ts';
import { SSH_TIMEOUT_MS } from './road-plan.ts';

/** What is known of the roads beside the plan. */
export interface PlanFacts {
  /** What a road leads to, for people. */
  readonly targetOf: (road: Road) => string;
  /** Why it stands in the plan. */
  readonly reasonOf: (road: Road) => string;
}

/** What bounds a road within its plan. */
interface Place {
  /** Empty: at once. */
  readonly when: string;
  readonly limitMs: number;
}

/** A plan as text, and what it means for each of its roads: which, when, for how long, why. */
export function explainPlan(plan: RoadsPlan, facts: PlanFacts): string[] {
  const rows = rowsOf(plan, { when: '', limitMs: Number.POSITIVE_INFINITY }, facts);
  const table = formatTable([['road', 'leads to', 'is tried', 'for', 'because'], ...rows]);
  return [`plan: ${formatDialPlan(plan)}`, '', ...table];
}

function rowsOf(plan: RoadsPlan, place: Place, facts: PlanFacts): string[][] {
  switch (plan.kind) {
    case 'direct': {
      const { road } = plan;
      const when = place.when === '' ? 'at once' : place.when;
      const words = [facts.targetOf(road), when, limitOf(road, place.limitMs)];
      return [[formatRoad(road), ...words, facts.reasonOf(road)]];
    }
    case 'race':
      return plan.plans.flatMap((each, at) =>
        each.kind === 'delay'
          ? rowsOf(each.plan, then(place, headStart(each.ms, plan.plans.slice(0, at))), facts)
          : rowsOf(each, place, facts),
      );
    case 'fallback':
      return plan.plans.flatMap((each, at) => {
        const before = plan.plans[at - 1];
        if (before === undefined) return rowsOf(each, place, facts);
        return rowsOf(each, then(place, `once ${namesOf([before])} failed`), facts);
      });
    case 'delay':
      return rowsOf(plan.plan, then(place, `${seconds(plan.ms)} later`), facts);
    case 'timeout':
      return rowsOf(plan.plan, { ...place, limitMs: Math.min(place.limitMs, plan.ms) }, facts);
  }
}

function then(place: Place, when: string): Place {
  return { ...place, when: place.when === '' ? when : `${place.when}, then ${when}` };
}

function headStart(ms: number, before: readonly RoadsPlan[]): string {
  const after = `after ${seconds(ms)}`;
  return before.length === 0 ? after : `${after}, or once ${namesOf(before)} failed`;
}

function namesOf(plans: readonly RoadsPlan[]): string {
  const names = plans.flatMap((plan) => roadsIn(plan)).map(formatRoad);
  return `${names.join(' and ')} ${names.length === 1 ? 'has' : 'have'}`;
}

function limitOf(road: Road, limitMs: number): string {
  if (road.kind === 'ssh') return seconds(Math.min(SSH_TIMEOUT_MS, limitMs));
  const { dropAfterMs, patientMs } = DEFAULT_RECONNECT;
  const brief = seconds(Math.min(dropAfterMs, limitMs));
  const patient = seconds(Math.min(patientMs, limitMs));
  return brief === patient ? brief : `${brief}, now and then ${patient}`;
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}

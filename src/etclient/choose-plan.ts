import { roadsIn } from '../backed/dial-plan.ts';
import { formatRoad, type Road, type RoadsPlan } from './road.ts';

/** UDP's head start over TCP, in milliseconds. It needs one round trip less, so that it wins where it is not blocked. */
export const TCP_AFTER_MS = 50;
/** TCP's head start over ssh, in milliseconds. */
export const SSH_AFTER_MS = 1500;
/** A way around has to wait this long for the straight one, in milliseconds: as one address for another (RFC 8305). */
export const PROXY_AFTER_MS = 250;

/** What decides which roads there are. */
export interface RoadOffer {
  /** False where the session server listens nowhere. */
  readonly hasPort: boolean;
  /** False where it takes no datagrams. */
  readonly hasUdp: boolean;
  /** Hosts behind a ProxyJump or ProxyCommand: their address is mostly not ours to dial, so ssh is not kept waiting. */
  readonly isBehindProxy: boolean;
  /** The environment names a proxy. */
  readonly hasProxy: boolean;
  /** `--jumphost`: the host itself is not dialled. */
  readonly hasJump: boolean;
  /** Addresses and interfaces of ours that are each a road, the preferred one first; none: all are one. */
  readonly fromEach: readonly string[];
}

/** What was learned about the roads to a host from the network that this machine is in. */
export interface Experience {
  /** As `formatRoad` has them. */
  readonly worked: string | undefined;
  readonly failed: readonly string[];
}

/** The plan where the user has none, the best road first. */
export function choosePlan(offer: RoadOffer): RoadsPlan {
  const { hasPort, hasUdp, isBehindProxy, hasProxy, hasJump, fromEach } = offer;
  const straight: RoadsPlan[] = [];
  if (hasPort && hasJump) straight.push(direct({ kind: 'jump' }));
  if (hasUdp && !hasJump) straight.push(...roadsFrom('udp', fromEach).map(direct));
  if (hasPort && !hasJump) {
    const tcp = roadsFrom('tcp', fromEach).map(direct);
    straight.push(...(hasUdp ? tcp.map((plan) => delayed(TCP_AFTER_MS, plan)) : tcp));
  }
  if (hasPort && !hasJump && hasProxy)
    straight.push(delayed(PROXY_AFTER_MS, direct({ kind: 'proxy' })));
  const ssh = direct({ kind: 'ssh' });
  if (straight.length === 0) return ssh;
  const isWaiting = !isBehindProxy || hasJump;
  const last = isWaiting ? delayed(SSH_AFTER_MS, ssh) : ssh;
  return { kind: 'race', plans: [...straight, last] };
}

function roadsFrom(kind: 'udp' | 'tcp', fromEach: readonly string[]): readonly Road[] {
  return fromEach.length === 0 ? [{ kind }] : fromEach.map((from) => ({ kind, from }));
}

function direct(road: Road): RoadsPlan {
  return { kind: 'direct', road };
}

function delayed(ms: number, plan: RoadsPlan): RoadsPlan {
  return { kind: 'delay', ms, plan };
}

/**
 * The same plan with what was learned: the road that worked does not wait, and none waits for roads that have all failed. Every road stays
 * in its place, since the order is that of preference, and nothing that once failed has to fail for ever.
 */
export function heedExperience(plan: RoadsPlan, experience: Experience | undefined): RoadsPlan {
  if (plan.kind !== 'race' || experience === undefined) return plan;
  const better: string[] = [];
  const plans = plan.plans.map((each): RoadsPlan => {
    const roads = roadsIn(each).map(formatRoad);
    const hasWorked = experience.worked !== undefined && roads.includes(experience.worked);
    const isAlone = better.length > 0 && better.every((road) => experience.failed.includes(road));
    better.push(...roads);
    return each.kind === 'delay' && (hasWorked || isAlone) ? each.plan : each;
  });
  return { kind: 'race', plans };
}

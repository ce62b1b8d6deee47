import { roadsIn } from '../backed/dial-plan.ts';
import { usageError } from '../base/usage-error.ts';
import { parseDialPlan } from './parse-dial-plan.ts';
import { formatRoad, type Road } from './road.ts';
import type { RoadMeans } from './road-dials.ts';

/** Where `--via` names a road that cannot be from here, or none that can be. @throws {EtError} ET_ERR_USAGE */
export function checkRoads(via: string, means: RoadMeans): void {
  const roads = roadsIn(parseDialPlan(via));
  for (const road of roads) {
    const lack = lackOf(road, means);
    if (lack !== undefined) throw usageError(`--via ${formatRoad(road)}: ${lack}`);
  }
  const [fault, ...others] = roads.map((road) => means.proxyFault?.(road));
  if (fault !== undefined && others.every((each) => each !== undefined)) throw usageError(fault);
}

function lackOf(road: Road, means: RoadMeans): string | undefined {
  switch (road.kind) {
    case 'proxy':
      return means.proxy === undefined
        ? 'the environment names no proxy for this host: set HTTPS_PROXY or ALL_PROXY'
        : undefined;
    case 'jump':
      return means.jump === undefined ? 'there is no jump host: add --jumphost HOST' : undefined;
    case 'web-socket':
    case 'udp':
    case 'udp-to':
    case 'tcp':
    case 'tcp-to':
    case 'ssh':
      return undefined;
  }
}

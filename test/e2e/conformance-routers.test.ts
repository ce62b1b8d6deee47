import { describeRoad } from '../support/describe-road.ts';
import { ROUTER_KINDS } from '../support/road-kinds.ts';

for (const kind of ROUTER_KINDS) describeRoad(kind);

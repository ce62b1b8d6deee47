import { describeRoad } from '../support/describe-road.ts';
import { PROXY_KINDS } from '../support/road-kinds.ts';

for (const kind of PROXY_KINDS) describeRoad(kind);

import { describeRoad } from '../support/describe-road.ts';
import { UDP_KINDS } from '../support/road-kinds.ts';

for (const kind of UDP_KINDS) describeRoad(kind);

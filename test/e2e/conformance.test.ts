import { describeRoad } from '../support/describe-road.ts';
import { STRAIGHT_KINDS } from '../support/road-kinds.ts';

for (const kind of STRAIGHT_KINDS) describeRoad(kind);

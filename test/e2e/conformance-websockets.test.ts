import { describeRoad } from '../support/describe-road.ts';
import { WEB_SOCKET_KINDS } from '../support/road-kinds.ts';

for (const kind of WEB_SOCKET_KINDS) describeRoad(kind);

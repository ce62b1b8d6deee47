import { buildDist } from './build-dist.js';

await buildDist();

import { buildDist } from './build-dist.js';

buildDist();

/** Vitest's global setup of the tests that start the real programs: these must be what the sources say. */
import { buildDist, isFresh } from './build-dist.js';

export async function setup() {
  if (!isFresh()) await buildDist();
}

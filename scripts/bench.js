/** `npm run bench`: measures the built programs beside ssh; see test/bench/README.md. */
import { fileURLToPath } from 'node:url';
import { buildDist, isFresh } from './build-dist.js';
import { runTs } from './run-ts.js';

if (!isFresh()) await buildDist();
process.exitCode = await runTs(
  fileURLToPath(new URL('../test/bench/main.ts', import.meta.url)),
  process.argv.slice(2),
);

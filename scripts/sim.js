/** `npm run sim -- --seeds 10000`: the seeded simulator, on demand and for long. */
import { fileURLToPath } from 'node:url';
import { runTs } from './run-ts.js';

process.exitCode = await runTs(
  fileURLToPath(new URL('../test/sim/main.ts', import.meta.url)),
  process.argv.slice(2),
);

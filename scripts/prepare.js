/** npm runs this after `npm ci` and before `npm pack`: it leaves dist built, so that bin/et.js runs. */
import { buildDist, hasCompiler, isBuilt } from './build-dist.js';

const note = (line) => process.stderr.write(`everterm: ${line}\n`);

try {
  if (hasCompiler()) {
    await buildDist();
  } else if (isBuilt()) {
    note('devDependencies are not installed, so dist is left as it is (built earlier).');
  } else {
    note('dist is not built, because devDependencies are not installed: et cannot run yet.');
    note(
      'Run `npm ci` without --omit=dev, which builds it; then `npm prune --omit=dev` if you like.',
    );
    process.exitCode = 1;
  }
} catch (error) {
  note(error.message);
  process.exitCode = 1;
}

/**
 * `npm test [-- vitest arguments]`: runs the tests under a limit of its own, since a test that starves the event loop also
 * starves the runner's timeouts, and ends with one line for each thing that this machine lacks.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const LIMIT_SECONDS = Number(process.env.EVERTERM_TEST_LIMIT_SECONDS ?? 900);
/** Of the session or the multiplexer that the developer sits in; a test sets what it needs. */
const FOREIGN = [
  'ET_VERSION',
  'EVERTERM_SESSION',
  'SSH_CONNECTION',
  'SSH_CLIENT',
  'SSH_TTY',
  'TMUX',
  'TMUX_PANE',
];

if (!existsSync(vitest)) {
  process.stderr.write('everterm: vitest is not installed: run `npm ci`, without --omit=dev\n');
  process.exit(1);
}

const scratch = mkdtempSync(join(tmpdir(), 'et-test-'));
const missingFile = join(scratch, 'missing');
const env = { ...process.env, EVERTERM_MISSING_FILE: missingFile };
for (const name of FOREIGN) delete env[name];

// A process group of its own, so that the limit reaches the workers too.
const runner = spawn(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
  cwd: root,
  env,
  stdio: 'inherit',
  detached: true,
});
const killAll = (signal) => {
  try {
    process.kill(-runner.pid, signal);
  } catch {
    // Gone already.
  }
};
const limit = setTimeout(() => {
  process.stderr.write(`everterm: the tests took more than ${LIMIT_SECONDS} s and were ended\n`);
  killAll('SIGKILL');
}, LIMIT_SECONDS * 1000);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => killAll(signal));

runner.on('exit', (code) => {
  clearTimeout(limit);
  killAll('SIGKILL');
  sayWhatIsMissing();
  rmSync(scratch, { recursive: true, force: true });
  process.exitCode = code ?? 1;
});

function sayWhatIsMissing() {
  if (!existsSync(missingFile)) return;
  const suitesOf = new Map();
  for (const line of new Set(readFileSync(missingFile, 'utf8').split('\n').filter(Boolean))) {
    const [missing, suite] = line.split('\t');
    suitesOf.set(missing, [...(suitesOf.get(missing) ?? []), suite]);
  }
  process.stdout.write('\n');
  for (const [missing, suites] of suitesOf) {
    process.stdout.write(`skipped, because ${missing}: ${suites.join(' · ')}\n`);
  }
}

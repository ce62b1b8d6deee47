import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Programs, and the rooms whose main.js they are. */
const PROGRAMS = { et: 'etclient', etserver: 'etserver' };
/** Loaded by the few commands that need them: native code, or 40 ms of JavaScript. */
const APART = ['node-pty', 'ssh2', 'blessed', 'ws', 'socks', '@xterm/headless', /^@noble\//];

/**
 * Puts each program into one file, `dist/bin/NAME.cjs`, beside the modules that tsc has made in `dist`. A program of two hundred
 * modules takes 40 ms to load; as one file, compiled ahead by `compileAhead`, it takes 5.
 */
export async function bundlePrograms(dist) {
  const { rolldown } = await import('rolldown');
  for (const [name, room] of Object.entries(PROGRAMS)) {
    const bundle = await rolldown({
      input: join(dist, room, 'main.js'),
      platform: 'node',
      external: APART,
      plugins: [{ name: 'narrow', renderChunk: narrow }],
      logLevel: 'warn',
    });
    await bundle.write({
      file: join(dist, 'bin', `${name}.cjs`),
      format: 'cjs',
      codeSplitting: false,
      // A script that was compiled by another process cannot import(): Node has no callback for it then.
      dynamicImportInCjs: false,
      minify: false,
      comments: false,
    });
    await bundle.close();
  }
}

/** With one character beyond Latin-1 V8 would keep the whole program with two bytes for each character. */
function narrow(code) {
  const escaped = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return code.replaceAll(/[\u0100-\uffff]/g, escaped);
}

/**
 * Runs the programs once, so that they leave the code that V8 has compiled (`dist/bin/NAME.cjs.cache`) for later starts by this Node.
 * It is an optimisation: where it fails, each start compiles.
 */
export function compileAhead(root) {
  const et = join(root, 'bin', 'et.js');
  const env = { ...process.env, EVERTERM_COMPILE_AHEAD: '1' };
  const run = (...args) =>
    spawnSync(process.execPath, args, { cwd: root, env, stdio: 'ignore', timeout: 30_000 });
  run(et, '--local', 'true');
  return existsSync(join(root, 'dist', 'bin', 'et.cjs.cache'));
}

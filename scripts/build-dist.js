import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundlePrograms, compileAhead } from './bundle.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const src = join(root, 'src');
const dist = join(root, 'dist');
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

/** Whether the compiler, a devDependency, is installed. */
export function hasCompiler() {
  return existsSync(tsc);
}

/** Whether both programs have been built, however long ago. */
export function isBuilt() {
  return ['et', 'etserver'].every((name) => existsSync(join(dist, 'bin', `${name}.cjs`)));
}

/** Whether everything in src has been built since it was last changed. */
export function isFresh() {
  if (!isBuilt()) return false;
  const sources = filesBelow(src).filter((file) => file.endsWith('.ts'));
  return sources.every((file) => {
    const built = join(dist, relative(src, file).replace(/\.ts$/u, '.js'));
    return existsSync(built) && statSync(built).mtimeMs >= statSync(file).mtimeMs;
  });
}

/**
 * Compiles src into dist; throws where that fails, and then leaves the last good dist. It builds beside dist and moves file by
 * file, so that a program that is started meanwhile finds each file whole.
 */
export async function buildDist() {
  if (!hasCompiler())
    throw new Error('typescript is not installed: run npm ci, without --omit=dev');
  const beside = `${dist}.${process.pid}`;
  try {
    const args = [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', beside];
    const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
    if (status !== 0) throw new Error(`src does not compile (tsc ended with ${status})`);
    await bundlePrograms(beside);
    const built = filesBelow(beside).map((file) => relative(beside, file));
    for (const file of built) {
      mkdirSync(dirname(join(dist, file)), { recursive: true });
      renameSync(join(beside, file), join(dist, file));
    }
    // What has no source any more must be neither packed nor imported.
    const stale = filesBelow(dist).filter((file) => !built.includes(relative(dist, file)));
    for (const file of stale) rmSync(file);
    compileAhead(root);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

function filesBelow(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

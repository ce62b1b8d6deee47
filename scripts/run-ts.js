/**
 * `node scripts/run-ts.js FILE.ts [arguments]`: runs a TypeScript program of test/, which Node 20 cannot do by itself. The program
 * and what it imports are compiled into .cache/ts and started there, in the project's directory.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const cache = join(root, '.cache');

/** Compiles and runs `file`; resolves to its exit status. */
export function runTs(file, args) {
  const program = relative(root, resolve(file));
  const status = compile(program);
  if (status !== 0) return Promise.resolve(status);
  const compiled = join(cache, 'ts', program.replace(/\.ts$/u, '.js'));
  const child = spawn(process.execPath, ['--enable-source-maps', compiled, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  // A terminal's ^C reaches the program by itself; it may have something to say before it ends.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  return new Promise((done) => {
    child.on('exit', (code) => done(code ?? 1));
  });
}

function compile(program) {
  const config = {
    extends: '../tsconfig.json',
    compilerOptions: {
      noEmit: false,
      rootDir: '..',
      outDir: 'ts',
      declaration: false,
      isolatedDeclarations: false,
      rewriteRelativeImportExtensions: true,
      sourceMap: true,
    },
    include: [],
    files: [`../${program}`],
  };
  mkdirSync(cache, { recursive: true });
  const configFile = join(cache, `tsconfig.${process.pid}.json`);
  writeFileSync(configFile, JSON.stringify(config));
  try {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    return spawnSync(process.execPath, [tsc, '-p', configFile], { stdio: 'inherit' }).status ?? 1;
  } finally {
    rmSync(configFile);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file, ...args] = process.argv.slice(2);
  if (file === undefined) {
    process.stderr.write('usage: node scripts/run-ts.js FILE.ts [arguments]\n');
    process.exitCode = 2;
  } else {
    process.exitCode = await runTs(file, args);
  }
}

'use strict';
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const vm = require('node:vm');

/**
 * Runs `dist/bin/NAME.cjs` with the code that V8 compiled for it at an earlier start, if this Node can use that: parsing and
 * compiling would take as long as everything else a start does. What was compiled lies beside the program, or, where the program
 * was installed from elsewhere, in the user's own cache; a start that finds neither leaves it there for the next.
 */
module.exports = function launch(program) {
  const file = path.join(__dirname, '..', 'dist', 'bin', `${program}.cjs`);
  const source = read(file, 'utf8');
  if (source === undefined) {
    process.stderr.write(
      `${program}: not built: ${file} is missing; run \`npm ci\` (or \`npm run build\`) in ${path.dirname(__dirname)}\n`,
    );
    process.exitCode = 255;
    return;
  }
  const script = compile(file, source);
  const own = { exports: {} };
  const load = require('node:module').createRequire(file);
  script.runInThisContext()(own.exports, load, own, file, path.dirname(file));
};

function compile(file, source) {
  const besides = process.env.EVERTERM_COMPILE_AHEAD === '1';
  const caches = besides ? [`${file}.cache`] : [`${file}.cache`, userCache(file, source)];
  let script;
  for (const cache of caches) {
    const cachedData = cache === undefined ? undefined : readCompiled(cache, file);
    if (cachedData === undefined && cache !== caches[caches.length - 1]) continue;
    script = new vm.Script(
      `(function (exports, require, module, __filename, __dirname) {${source}\n})`,
      { filename: file, cachedData },
    );
    if (cachedData !== undefined && !script.cachedDataRejected) return script;
  }
  const last = caches[caches.length - 1];
  if (last !== undefined) process.once('exit', () => keep(script, last));
  return script;
}

/** Another program, Node or processor is another file. `undefined` for a user without a home. */
function userCache(file, source) {
  const home = process.env.HOME;
  const base = process.env.XDG_CACHE_HOME?.startsWith('/')
    ? process.env.XDG_CACHE_HOME
    : home && path.join(home, '.cache');
  if (!base) return undefined;
  // npm gives all files of all versions one time, so the version has to tell them apart.
  const { version } = JSON.parse(read(path.join(__dirname, '..', 'package.json'), 'utf8') ?? '{}');
  const length = source.length.toString(36);
  const name = [path.basename(file), version, process.version, os.arch(), length].join('-');
  return path.join(base, 'everterm', `${name}.cache`);
}

/**
 * V8 itself compares no more than lengths, and would run what was compiled for another program. So it must be younger than this
 * one; and its owner the program's or this user, since it is run.
 */
function readCompiled(cache, file) {
  try {
    const program = fs.statSync(file);
    const { mtimeMs, uid } = fs.statSync(cache);
    const isTrusted = uid === program.uid || uid === process.getuid?.();
    return isTrusted && mtimeMs >= program.mtimeMs ? fs.readFileSync(cache) : undefined;
  } catch {
    return undefined;
  }
}

function read(file, encoding) {
  try {
    return fs.readFileSync(file, encoding);
  } catch {
    return undefined;
  }
}

/** Whole or not at all: another start may read it. */
function keep(script, file) {
  const beside = `${file}.${process.pid}`;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    fs.writeFileSync(beside, script.createCachedData(), { mode: 0o600 });
    fs.renameSync(beside, file);
  } catch {
    // Each start then compiles.
    try {
      fs.rmSync(beside, { force: true });
    } catch {
      // Nor may it be looked at: a home that is not this user's.
    }
  }
}

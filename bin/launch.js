'use strict';
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

/**
 * Runs `dist/bin/NAME.cjs` with the code that V8 compiled for it earlier, if this Node can use that: parsing and compiling would
 * take as long as everything else a start does.
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
  const cacheFile = `${file}.cache`;
  const script = new vm.Script(
    `(function (exports, require, module, __filename, __dirname) {${source}\n})`,
    {
      filename: file,
      cachedData: read(cacheFile),
      importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    },
  );
  if (process.env.EVERTERM_COMPILE_AHEAD === '1')
    process.once('exit', () => keep(script, cacheFile));
  const module_ = { exports: {} };
  const require_ = require('node:module').createRequire(file);
  script.runInThisContext()(module_.exports, require_, module_, file, path.dirname(file));
};

function read(file, encoding) {
  try {
    return fs.readFileSync(file, encoding);
  } catch {
    return undefined;
  }
}

/** Whole or not at all: another start may read it. */
function keep(script, file) {
  try {
    const beside = `${file}.${process.pid}`;
    fs.writeFileSync(beside, script.createCachedData());
    fs.renameSync(beside, file);
  } catch {
    // Each start then compiles.
  }
}

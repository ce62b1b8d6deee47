'use strict';
const fs = require('node:fs');
const path = require('node:path');
const url = require('node:url');

/* Apart from node-version.js, since Node 8 cannot parse import(). */
module.exports = function launch(program, room) {
  const main = path.join(__dirname, '..', 'dist', room, 'main.js');
  if (fs.existsSync(main)) return import(url.pathToFileURL(main).href);
  process.stderr.write(
    `${program}: not built: ${main} is missing; run \`npm ci\` (or \`npm run build\`) in ${path.dirname(__dirname)}\n`,
  );
  process.exitCode = 255;
  return undefined;
};

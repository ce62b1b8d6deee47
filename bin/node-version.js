'use strict';

/* In the JavaScript of 2009, so that any Node can parse it and say what is wrong. `engines` in package.json says the same. */
var NEEDED = [20, 19];

exports.isSupported = function isSupported(program) {
  var found = process.versions.node.split('.').map(Number);
  if (found[0] > NEEDED[0] || (found[0] === NEEDED[0] && found[1] >= NEEDED[1])) return true;
  process.stderr.write(
    program +
      ': needs Node ' +
      NEEDED.join('.') +
      ' or later, but found ' +
      process.version +
      ' at ' +
      process.execPath +
      '\n'
  );
  process.exitCode = 255;
  return false;
};

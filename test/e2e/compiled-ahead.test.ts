import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ET, ETSERVER } from '../support/et-host.ts';

/** Writes, for each script that was compiled before, whether V8 has refused it. */
const WATCH = `
const vm = require('node:vm');
const { Script } = vm;
vm.Script = class extends Script {
  constructor(source, options) {
    super(source, options);
    if (options.cachedData !== undefined) process.stderr.write('refused: ' + this.cachedDataRejected + '\\n');
  }
};
`;

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'et-compiled-'));
  writeFileSync(join(directory, 'watch.cjs'), WATCH);
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

test.each([
  ['et', ET],
  ['etserver', ETSERVER],
])(
  '%s starts with the code that the build has compiled: V8 refuses it under other flags',
  (_, program) => {
    const args = ['--require', join(directory, 'watch.cjs'), program, '--version'];
    const env = { ...process.env, XDG_CACHE_HOME: directory };
    const { stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
    expect([stderr, status]).toEqual(['refused: false\n', 0]);
  },
);

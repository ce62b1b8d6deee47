import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  findBash,
  hasInheritableDescriptors,
  planDirect,
  planLaunch,
} from '../../src/process/launch-plan.ts';
import { loadNativePty } from '../../src/process/native-pty.ts';

const REQUEST = { file: '/usr/bin/env', args: [], argv0: 'env' } as const;

/** Names and values that shells trip over, and those that make bash do something. */
const ENVIRONMENT = {
  PLAIN: 'x',
  EMPTY: '',
  LINES_: 'a\nb',
  'WITH.DOT': 'y',
  'BASH_FUNC_ls%%': '() {  echo evil\n}',
  BASH_ENV: '/nowhere/rc',
  ENV: '/nowhere/rc',
  SHLVL: '7',
  LC_ALL: 'xx_XX.UTF-8',
  EVERTERM_FD: '9',
};

test('the launcher hands the environment on as it got it', () => {
  const plan = planLaunch(REQUEST, findBash() ?? '');
  const { stdout } = spawnSync(plan.file, ['-c', 'exec "$0" "$@" 3>&2', plan.file, ...plan.args], {
    env: ENVIRONMENT,
  });
  const { EVERTERM_FD: _own, ...rest } = ENVIRONMENT;
  const wanted = Object.entries(rest).map(([name, value]) => `${name}=${value}`);
  expect(stdout.toString().split('\n').sort()).toEqual(
    [...wanted, ''].join('\n').split('\n').sort(),
  );
});

test('a plan without a launcher is the program itself', () => {
  expect(planDirect(REQUEST)).toEqual({ ...REQUEST, errorOnThree: false });
});

test('the first bash that can be executed is found, or none', () => {
  expect(findBash(['/nowhere/bash', '/etc/passwd', '/bin/sh'])).toBe('/bin/sh');
  expect(findBash(['/nowhere/bash'])).toBeUndefined();
});

test('the master of a terminal is inheritable, a file opened by Node is not', () => {
  const before = hasInheritableDescriptors();
  const file = openSync('/dev/null', 'r');
  expect(hasInheritableDescriptors()).toBe(before);
  const terminal = loadNativePty().open(80, 24);
  expect(hasInheritableDescriptors()).toBe(true);
  for (const fd of [file, terminal.master, terminal.slave]) closeSync(fd);
  expect(hasInheritableDescriptors()).toBe(before);
});

import { expect, test } from 'vitest';
import { decideTerminal } from '../../src/etclient/decide-terminal.ts';
import { escapeOf, keepaliveMs } from '../../src/etclient/session-work.ts';

test.each<[string | null | undefined, string | undefined, string | undefined]>([
  [undefined, undefined, '~'],
  [undefined, '%', '%'],
  [undefined, '^]', '\u001d'],
  [undefined, 'none', undefined],
  ['#', '%', '#'],
  ['#', 'none', '#'],
  [null, '%', undefined],
])('escapes: flag %j, ssh_config %j, so %j', (typed, configured, begins) => {
  expect(escapeOf(typed, configured)).toBe(begins);
});

test.each<[number | undefined, number | undefined, number | undefined]>([
  [undefined, undefined, undefined],
  [undefined, 0, undefined],
  [undefined, 15, 15_000],
  [5, 15, 5000],
  [5, undefined, 5000],
])('keepalive: flag %j s, ssh_config %j s, so %j ms', (typed, configured, ms) => {
  expect(keepaliveMs(typed, configured)).toBe(ms);
});

test.each([
  ['default', 'force', false],
  ['default', 'yes', false],
  ['forbidden', 'force', false],
  ['forced', 'no', true],
] as const)('a subsystem, terminal %s, RequestTTY %s: %s', (terminal, requestTty, has) => {
  const work = { kind: 'subsystem', command: 'sftp' } as const;
  const flags = { work, terminal, noStdin: false };
  expect(decideTerminal(flags, { isInputTerminal: true }, requestTty)).toBe(has);
});

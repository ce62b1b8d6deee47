import { expect, test } from 'vitest';
import { EtError } from '../../../src/base/errors.ts';
import { environmentValues } from '../../../src/etclient/cli/environment-values.ts';

function textsOf(environment: Record<string, string>): object {
  return Object.fromEntries(
    environmentValues(environment, '/home/u').map(({ name, entries }) => [
      name,
      entries.map(({ text }) => text),
    ]),
  );
}

test.each([
  [{ EVERTERM_VIA: 'ssh' }, { via: ['ssh'] }],
  [{ EVERTERM_SERVER_PATH: '/opt/etserver' }, { 'server-path': ['/opt/etserver'] }],
  [{ EVERTERM_QUIET: 'yes' }, { quiet: ['true'] }],
  [{ EVERTERM_QUIET: '0' }, { quiet: ['false'] }],
  [{ EVERTERM_VERBOSE: '2' }, { verbose: ['2'] }],
  [{ EVERTERM_LOG: '~/et.log' }, { log: ['/home/u/et.log'] }],
  [
    { EVERTERM_LOCAL_FORWARD: `8080:a:80 '/tmp/a b:db:5432'` },
    { 'local-forward': ['8080:a:80', '/tmp/a b:db:5432'] },
  ],
  [{ EVERTERM_VIA: '' }, {}],
  [{ EVERTERM_RUN_DIR: '/x', EVERTERM_NOTHING: 'x', VIA: 'ssh' }, {}],
])('%j says %j', (environment, expected) => {
  expect(textsOf(environment)).toEqual(expected);
});

test('the place is the variable', () => {
  expect(environmentValues({ EVERTERM_VIA: 'ssh' }, '')).toEqual([
    { name: 'via', entries: [{ text: 'ssh', place: 'EVERTERM_VIA' }] },
  ]);
});

test.each([
  [{ EVERTERM_FALLBACK: 'yes' }, 'EVERTERM_FALLBACK "yes": ssh or none'],
  [{ EVERTERM_GRACE: '1w' }, 'EVERTERM_GRACE "1w": at least 1s, written as 90s, 15m'],
  [{ EVERTERM_QUIET: 'maybe' }, 'EVERTERM_QUIET must be true or false, not "maybe"'],
  [{ EVERTERM_VERBOSE: '4' }, 'EVERTERM_VERBOSE must be 0, 1, 2 or 3, not "4"'],
  [{ EVERTERM_QUIET: 'toString' }, 'EVERTERM_QUIET must be true or false, not "toString"'],
  [{ EVERTERM_LOG: 'et.log' }, 'EVERTERM_LOG must be a whole path, or ~/ and the rest, not'],
  [{ EVERTERM_UDP: "'53:a:53" }, `EVERTERM_UDP "'53:a:53" has a ' without its end`],
  [{ EVERTERM_LOCAL_FORWARD: '8080:a:80 x' }, 'EVERTERM_LOCAL_FORWARD "x": '],
])('%j is refused: %s', (environment, message) => {
  const attempt = (): unknown => environmentValues(environment, '/home/u');
  expect(attempt).toThrow(EtError);
  expect(attempt).toThrow(
    expect.objectContaining({
      code: 'ET_ERR_USAGE',
      message: expect.stringMatching(/^[^\n]*$/u),
    }),
  );
  expect(attempt).toThrow(message);
});

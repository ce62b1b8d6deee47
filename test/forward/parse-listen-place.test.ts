import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatListenPlace, type ListenPlace } from '../../src/forward/endpoint.ts';
import { parseListenPlace } from '../../src/forward/parse-listen-place.ts';
import { anyListen, anyVariable, complaintOf, expectReadOrRefused } from './any-place.ts';

test.each([
  ['8003', { kind: 'tcp', bind: 'localhost', port: 8003 }],
  ['0', { kind: 'tcp', bind: 'localhost', port: 0 }],
  ['*:8003', { kind: 'tcp', bind: '*', port: 8003 }],
  ['[::1]:8003', { kind: 'tcp', bind: '::1', port: 8003 }],
  ['/run/x.sock', { kind: 'unix', path: '/run/x.sock' }],
  ['SSH_AUTH_SOCK', { kind: 'variable', name: 'SSH_AUTH_SOCK' }],
] as [string, ListenPlace][])('reads %j', (text, place) => {
  expect(parseListenPlace(text, '-L')).toEqual(place);
});

test.each([
  ['', '"" is no port within 0-65535'],
  ['65536', '"65536" is no port'],
  ['A-B', '"A-B" is no port'],
  ['8003:db:1', 'it has too many parts'],
  ['x/y', 'the path "x/y" does not begin with /'],
])('refuses %j: %s', (text, problem) => {
  const said = complaintOf('-L', () => parseListenPlace(text, '-L'));
  expect(said).toContain(`: ${problem}`);
  expect(said).toContain('as in -L 8003');
});

test('reads back what formatListenPlace writes', () => {
  fc.assert(
    fc.property(fc.oneof(anyListen(0), anyVariable), (place) => {
      expect(parseListenPlace(formatListenPlace(place), '-L')).toEqual(place);
    }),
  );
});

test('reads any text, or refuses it in one line', () => {
  expectReadOrRefused('-R', (text) => [{ listen: parseListenPlace(text, '-R') }]);
});

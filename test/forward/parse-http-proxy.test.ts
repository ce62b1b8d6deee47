import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatListenPlace } from '../../src/forward/endpoint.ts';
import { formatForward } from '../../src/forward/forward-spec.ts';
import { parseHttpProxy } from '../../src/forward/parse-http-proxy.ts';
import { anyListen, complaintOf, expectReadOrRefused } from './any-place.ts';

const FLAG = '--http-proxy';

test.each([
  ['8080', '8080 -> http'],
  [':8080', '*:8080 -> http'],
  ['*:8080', '*:8080 -> http'],
  ['[::1]:8080', '[::1]:8080 -> http'],
])('reads %j', (text, forward) => {
  const spec = parseHttpProxy(text, FLAG);
  expect(formatForward(spec)).toBe(forward);
  expect(spec).toMatchObject({ kind: 'http-proxy', source: `${FLAG} ${text}` });
});

test.each([
  ['', '"" is no port within 1-65535'],
  ['0', '"0" is no port within 1-65535'],
  ['http', '"http" is no port'],
  ['a:b:1', 'it has too many parts'],
])('refuses %j: %s', (text, problem) => {
  const said = complaintOf(FLAG, () => parseHttpProxy(text, FLAG));
  expect(said).toContain(`: ${problem}`);
  expect(said).toContain(`write [bind:]port, as in ${FLAG} 8080`);
});

test('reads back every place that can be written', () => {
  fc.assert(
    fc.property(anyListen(1), (listen) => {
      expect(parseHttpProxy(formatListenPlace(listen), FLAG).listen).toEqual(listen);
    }),
  );
});

test('reads any text, or refuses it in one line', () => {
  expectReadOrRefused(FLAG, (text) => [parseHttpProxy(text, FLAG)]);
});

import { expect, test } from 'vitest';
import { forwardedFor } from '../../src/link/forwarded-for.ts';

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['10.9.9.9, 203.0.113.7', '203.0.113.7'],
  ['evil\u001b[2J, ::ffff:203.0.113.7 ', '203.0.113.7'],
  ['[2001:db8::1]', '2001:db8::1'],
  [['10.9.9.9', '2001:db8::1'], '2001:db8::1'],
  ['203.0.113.7, unknown', undefined],
  ['203.0.113.7:1234', undefined],
  ['', undefined],
  [undefined, undefined],
])('of %j the proxy before us has added %s', (header, address) => {
  expect(forwardedFor(header)).toBe(address);
});

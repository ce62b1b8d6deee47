import { isIP } from 'node:net';
import { expect, test } from 'vitest';
import { ipFamily } from '../../src/link/ip-family.ts';

test.each([
  '127.0.0.1',
  '::1',
  '::ffff:10.0.0.1',
  'fe80::1%eth0',
  '2001:db8::',
  '',
  'host',
  'a.b',
  '1.2.3',
  '256.1.1.1',
  '1.2.3.4.5',
  '0x7f.1',
  'a:b',
  ':',
  '1.2.3.4:5',
])('%j is of the family that node names', (text) => {
  expect(ipFamily(text)).toBe(isIP(text));
});

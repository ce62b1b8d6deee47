import { expect, test } from 'vitest';
import { sourceOf } from '../../src/router/source-of.ts';

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:DB8:0001:0002::1%eth0', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::2', '0:0:0:0::/64'],
  ['fe80::1', 'fe80:0:0:0::/64'],
])('%s counts as %s', (address, source) => {
  expect(sourceOf(address)).toBe(source);
});

test.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1', ''])(
  'this machine itself, %s, is no source: a reverse proxy speaks for many',
  (address) => {
    expect(sourceOf(address)).toBeUndefined();
  },
);

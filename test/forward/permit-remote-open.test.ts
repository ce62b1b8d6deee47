import { expect, test } from 'vitest';
import { permitRemoteOpen } from '../../src/forward/permit-remote-open.ts';

test.each([
  [undefined, 'h', 80, true],
  ['any', 'h', 80, true],
  ['none', 'h', 80, false],
  ['h:80', 'H', 80, true],
  ['h:80', 'h', 81, false],
  ['a:1 h:*', 'h', 81, true],
  ['*:443', 'x', 443, true],
  ['*:443', 'x', 80, false],
  ['[::1]:22', '::1', 22, true],
  ['[::1]:22', '127.0.0.1', 22, false],
  ['nonsense', 'nonsense', 80, false],
])('PermitRemoteOpen %s: %s port %i', (value, host, port, isPermitted) => {
  expect(permitRemoteOpen(value)(host, port)).toBe(isPermitted);
});

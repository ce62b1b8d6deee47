import { expect, test } from 'vitest';
import { isExemptFromProxy } from '../../src/link/no-proxy.ts';

test.each([
  ['*', 'anything'],
  ['example.org', 'example.org'],
  ['example.org', 'EXAMPLE.org.'],
  ['example.org', 'a.b.example.org'],
  ['.example.org', 'example.org'],
  ['.example.org', 'a.example.org'],
  ['a.org, example.org', 'example.org'],
  ['a.org example.org', 'example.org'],
  ['example.org:22', 'example.org'],
  ['10.0.0.1', '10.0.0.1'],
  ['10.0.0.0/8', '10.255.0.1'],
  ['10.0.0.1:22', '10.0.0.1'],
  ['0.0.0.0/0', '8.8.8.8'],
  ['::1', '::1'],
  ['[::1]', '::1'],
  ['[::1]:22', '::1'],
  ['fd00::/8', 'fd12::1'],
])('%s exempts %s', (noProxy, host) => {
  expect(isExemptFromProxy(noProxy, host, 22)).toBe(true);
});

test.each([
  ['', 'example.org'],
  [' , ,', 'example.org'],
  ['example.org', 'badexample.org'],
  ['example.org', 'org'],
  ['.', 'example.org'],
  ['example.org:443', 'example.org'],
  ['*.org', 'example.org'],
  ['10.0.0.0/8', '11.0.0.1'],
  ['10.0.0.0/', '10.0.0.0'],
  ['10.0.0.0/33', '10.0.0.0'],
  ['10.0.0.0/8', 'ten.example.org'],
  ['0.0.1', '10.0.0.1'],
  ['fd00::/8', '10.0.0.1'],
  ['fd00::/8', 'fe80::1'],
  ['[::1]:443', '::1'],
])('%j does not exempt %s', (noProxy, host) => {
  expect(isExemptFromProxy(noProxy, host, 22)).toBe(false);
});

import { describe, expect, test } from 'vitest';
import { parseForwardTargets } from '../../../src/etserver/cli/forward-targets.ts';

/** Whether a client is handed on to `name`, which was resolved to `address`. */
function isPermitted(list: string, name: string, address: string, port = 2022): boolean {
  const targets = parseForwardTargets(list);
  if (targets.objectionToName(name, port) !== undefined) return false;
  return targets.objectionToOpen(name, address, port) === undefined;
}

test.each<[string, string, string, number]>([
  ['db.example', 'db.example', '192.0.2.7', 2022],
  ['DB.example', 'db.EXAMPLE.', '192.0.2.7', 2022],
  ['*.lab.example', 'a.lab.example', '192.0.2.7', 2022],
  ['192.0.2.7', '192.0.2.7', '192.0.2.7', 2022],
  ['192.0.2.0/24', '192.0.2.9', '192.0.2.9', 2022],
  ['192.0.2.0/24', 'any.example', '192.0.2.9', 2022],
  ['[2001:db8::/32]', 'any.example', '2001:db8::7', 2022],
  ['[2001:db8::1]:7000', '2001:db8::1', '2001:db8::1', 7000],
  ['db.example:60000-61000', 'db.example', '192.0.2.7', 60_500],
  ['other.example, db.example:*', 'db.example', '192.0.2.7', 1],
  ['169.254.169.254', '169.254.169.254', '169.254.169.254', 2022],
])('--allow-forward-to %s permits %s at %s, port %i', (list, name, address, port) => {
  expect(isPermitted(list, name, address, port)).toBe(true);
});

test.each<[string, string, string, number]>([
  ['db.example', 'db.example', '192.0.2.7', 22],
  ['db.example', 'evil.example', '192.0.2.7', 2022],
  ['db.example', 'db.example.evil', '192.0.2.7', 2022],
  ['192.0.2.0/24', 'any.example', '192.0.3.9', 2022],
  ['*', 'metadata.example', '169.254.169.254', 2022],
  ['169.254.0.0/16', 'metadata.example', '169.254.169.254', 2022],
  ['0.0.0.0/0', '0.0.0.0', '0.0.0.0', 2022],
  ['*', 'any.example', '::', 2022],
  ['*', 'any.example', '::ffff:169.254.169.254', 2022],
])('--allow-forward-to %s does not permit %s at %s, port %i', (list, name, address, port) => {
  expect(isPermitted(list, name, address, port)).toBe(false);
});

describe('a list that cannot be understood names the entry', () => {
  test.each([
    ['', '""'],
    ['a,,b', '""'],
    ['db.example:0', '"db.example:0"'],
    ['db.example:99999', '"db.example:99999"'],
    ['10.0.0.1/8', '"10.0.0.1/8"'],
    ['2001:db8::1', '"2001:db8::1"'],
    ['/run/x.sock', '"/run/x.sock"'],
    ['a b', '"a b"'],
  ])('%j', (list, entry) => {
    expect(() => parseForwardTargets(list)).toThrow(entry);
  });
});

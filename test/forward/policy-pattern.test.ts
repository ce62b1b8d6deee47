import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EtError } from '../../src/base/errors.ts';
import { parseListenPattern, parseOpenPattern } from '../../src/forward/policy-pattern.ts';

const unreadable = (part: string) =>
  expect.objectContaining({ code: 'ET_ERR_CONFIG', message: expect.stringContaining(part) });

test.each([
  ['', 'HOST:PORTS'],
  ['db', 'HOST:PORTS'],
  [':80', 'HOST:PORTS'],
  ['db:', 'HOST:PORTS'],
  [' db:80', '" db"'],
  ['80', 'HOST:PORTS'],
  ['run/x.sock', 'HOST:PORTS'],
  ['::1:80', 'in brackets'],
  ['2001:db8::/32:*', 'in brackets'],
  ['[::1]80', 'HOST:PORTS'],
  ['[::1]', 'HOST:PORTS'],
  ['[db]:80', 'no range of addresses'],
  ['[10.0.0.1]:80', 'no range of addresses'],
  ['[fe80::1%eth0]:80', 'no range of addresses'],
  ['[::/129]:80', 'no range of addresses'],
  ['10.0.0.0/33:80', 'no range of addresses'],
  ['10.0.0.0/08:80', 'no range of addresses'],
  ['10.0.0.0/:80', 'no range of addresses'],
  ['10.0.0.13/8:80', 'no range of addresses'],
  ['[2001:db8::1/32]:80', 'no range of addresses'],
  ['db/8:80', 'no range of addresses'],
  ['10.0.0.256:80', 'is no address'],
  ['010.0.0.1:80', 'is no address'],
  ['10.0:80', 'is no address'],
  ['10.*:80', 'is no address'],
  ['10.0.*.1:80', 'is no address'],
  ['db.1*:80', 'is no address'],
  ['0x7f000001:80', 'is no address'],
  ['.example.org:80', 'no name'],
  ['a..b:80', 'no name'],
  ['a b:80', 'no name'],
  ['user@db:80', 'no name'],
  ['http://db:80', 'in brackets'],
  ['db:0', 'port 0'],
  ['db:65536', 'above 65535'],
  ['db:80-70', 'wrong order'],
  ['db:80,', 'neither a port'],
  ['db:,80', 'neither a port'],
  ['db:80, 81', '" 81"'],
  ['db:80,*', '"*"'],
  ['db:http', '"http"'],
  ['db:-80', '"-80"'],
  ['db:80-', '"80-"'],
  ['/', 'a path'],
  ['//x', 'a path'],
  ['/run/', 'a path'],
  ['/run/../x', 'a path'],
  ['/run/./x', 'a path'],
  ['/run/..', 'a path'],
  ['/run/x\0', 'a path'],
])('%j cannot be read, and the reason says %j', (text, part) => {
  expect(() => parseOpenPattern(text)).toThrow(unreadable(part));
});

test.each([
  ['db:80', '"db"'],
  ['*.example.org:80', 'neither an address, nor localhost'],
  ['10.0.0.0/33:80', 'no range of addresses'],
  ['8000-', 'neither a port'],
  ['8100-8000', 'wrong order'],
  ['0', 'port 0'],
  ['0-100', 'port 0'],
  ['*', 'HOST:PORTS'],
  ['/run/../x', 'a path'],
])('%j cannot be read where listening is meant, and the reason says %j', (text, part) => {
  for (const role of ['permit', 'deny'] as const) {
    expect(() => parseListenPattern(text, role)).toThrow(unreadable(part));
  }
});

test('whatever the text, it is read or is a mistake of configuration', () => {
  const unit = fc.constantFrom(...'[]:/.,-*0189afxdb%é。\0 '.split(''));
  const text = fc.oneof(fc.string({ unit }), fc.string(), fc.string({ unit: 'binary' }));
  const parsers = [
    parseOpenPattern,
    (each: string) => parseListenPattern(each, 'permit'),
    (each: string) => parseListenPattern(each, 'deny'),
  ];
  fc.assert(
    fc.property(text, fc.constantFrom(...parsers), (each, parse) => {
      try {
        parse(each);
      } catch (error) {
        expect(error).toBeInstanceOf(EtError);
        expect(error).toMatchObject({ code: 'ET_ERR_CONFIG' });
      }
    }),
    { numRuns: 3000 },
  );
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDestination } from '../../src/bootstrap/destination.ts';

test.each([
  ['host', undefined, 'host', undefined, undefined],
  ['user@host', 'user', 'host', undefined, undefined],
  ['user@host:60001', 'user', 'host', 60_001, undefined],
  ['a@b.example@host', 'a@b.example', 'host', undefined, undefined],
  ['10.0.0.5:1', undefined, '10.0.0.5', 1, undefined],
  ['[::1]', undefined, '::1', undefined, undefined],
  ['[fe80::1%eth0]:65535', undefined, 'fe80::1%eth0', 65_535, undefined],
  ['u@[2001:db8::1]:60000', 'u', '2001:db8::1', 60_000, undefined],
  ['2001:db8::1', undefined, '2001:db8::1', undefined, undefined],
  ['ssh://host', undefined, 'host', undefined, undefined],
  ['ssh://user@host:2222', 'user', 'host', undefined, 2222],
  ['SSH://user@[::1]:2222/', 'user', '::1', undefined, 2222],
  ['ssh://a%40b@host', 'a@b', 'host', undefined, undefined],
])('%s', (text, user, host, serverPort, sshPort) => {
  expect(parseDestination(text)).toEqual({ user, host, serverPort, sshPort });
});

describe('refused, since it could be an option or more than a name:', () => {
  test.each([
    '',
    '-oProxyCommand=id',
    'user@-host',
    '-user@host',
    '@host',
    'user@',
    'a b',
    'host:',
    'host:0',
    'host:65536',
    'host:6000x',
    'host:-1',
    '[::1',
    '[]',
    '[::1]x',
    'ssh://',
    'ssh://-x',
    'ssh://u%zz@h',
    'ssh://%2doption@h',
    'ssh://host/path',
    'a\nb',
    'a\u001b[2Jb',
  ])('%j', (text) => {
    expect(() => parseDestination(text)).toThrow(expect.objectContaining({ code: 'ET_ERR_USAGE' }));
  });
});

test('whatever is accepted begins with no dash and holds no blank and no control character', () => {
  const part = fc.oneof(
    fc.string(),
    fc.constantFrom('-', '@', ':', '[', ']', 'ssh://', '%2d', 'h', ' ', '\n'),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      try {
        const { user = 'u', host } = parseDestination(parts.join(''));
        for (const each of [user, host]) expect(each).toMatch(/^[^-\s\p{Cc}][^\s\p{Cc}]*$/u);
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'ET_ERR_USAGE' });
      }
    }),
  );
});

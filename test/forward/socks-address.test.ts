import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { EtError } from '../../src/base/errors.ts';
import {
  addressBytesOf,
  decodeSocksAddress,
  encodeSocksAddress,
  socksNameOf,
} from '../../src/forward/socks-address.ts';
import { wire } from './socks-bytes.ts';

const VECTORS: readonly [string, number, string][] = [
  ['192.0.2.1', 443, '01 c0000201 01bb'],
  ['0.0.0.0', 0, '01 00000000 0000'],
  ['255.255.255.255', 65_535, '01 ffffffff ffff'],
  ['example.com', 80, "03 0b 'example.com' 0050"],
  ['a', 1, "03 01 'a' 0001"],
  ['bücher.example', 80, "03 0f 'bücher.example' 0050"],
  ['192.0.2.300', 80, "03 0b '192.0.2.300' 0050"],
  ['0x7f.1', 80, "03 06 '0x7f.1' 0050"],
  ['2001:db8::1', 443, '04 20010db8 00000000 00000000 00000001 01bb'],
  ['::', 0, '04 00000000 00000000 00000000 00000000 0000'],
  ['::1', 22, '04 00000000 00000000 00000000 00000001 0016'],
  ['::ffff:192.0.2.1', 80, '04 00000000 00000000 0000ffff c0000201 0050'],
  ['::102:304', 80, '04 00000000 00000000 00000000 01020304 0050'],
  ['1:0:2:3:4:5:6:7', 80, '04 00010000 00020003 00040005 00060007 0050'],
  ['1:0:0:2::3', 80, '04 00010000 00000002 00000000 00000003 0050'],
];

describe('vectors', () => {
  test.each(VECTORS)('%s port %i is written as its bytes', (host, port, bytes) => {
    expect(encodeSocksAddress(host, port)).toEqual(wire(bytes));
  });

  test.each(VECTORS)(
    '%s port %i is read from its bytes, wherever they stand',
    (host, port, hex) => {
      const bytes = concatBytes([wire('0102'), wire(hex), wire('99')]);
      const end = bytes.length - 1;
      expect(decodeSocksAddress(bytes, 2)).toEqual({ kind: 'address', host, port, end });
    },
  );

  test.each(VECTORS)('every proper prefix of %s port %i is partial', (_host, _port, hex) => {
    const bytes = wire(hex);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(decodeSocksAddress(bytes.subarray(0, length), 0)).toEqual({ kind: 'partial' });
    }
  });
});

test.each([
  ['::1.2.3.4', '::102:304'],
  ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
  ['::FFFF:C000:201', '::ffff:192.0.2.1'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
])('%s is written as the address %s', (written, read) => {
  expect(decodeSocksAddress(encodeSocksAddress(written, 1), 0)).toMatchObject({ host: read });
});

test('an address in any spelling is the address that a URL parser sees in it', () => {
  const anyIpv6 = fc.oneof(
    fc.ipV6(),
    fc
      .array(fc.constantFrom('0', '1', 'ffff', '0db8'), { minLength: 8, maxLength: 8 })
      .map((all) => all.join(':')),
  );
  fc.assert(
    fc.property(anyIpv6, (text) => {
      const expected = new URL(`http://[${text}]/`).hostname.slice(1, -1);
      const decoded = decodeSocksAddress(encodeSocksAddress(text, 1), 0);
      const host = decoded.kind === 'address' ? decoded.host : '';
      expect(new URL(`http://[${host}]/`).hostname.slice(1, -1)).toBe(expected);
      if (!expected.startsWith('::ffff:')) expect(host).toBe(expected);
    }),
  );
});

test.each(['00', '02', '05', 'ff', '00 c0000201 0050'])('the type of %s is unknown', (hex) => {
  expect(decodeSocksAddress(wire(hex), 0)).toEqual({ kind: 'unknown-type' });
});

describe('a name', () => {
  test.each([
    ['nothing', ''],
    ['a space', "'a b'"],
    ['a line feed', "'a' 0a"],
    ['a NUL', "'a' 00 'b'"],
    ['an escape sequence', "1b '[2J'"],
    ['DEL', "'a' 7f"],
    ['a C1 control character', "'a' c29b"],
    ['a character that turns the text around', "'a' e280ae 'b'"],
    ['what is not UTF-8', "'a' ff"],
    ['half a character', "'a' c3"],
  ])('is not made of %s', (_, text) => {
    const name = wire(text);
    const bytes = concatBytes([Uint8Array.of(3, name.length), name, wire('0050')]);
    expect(decodeSocksAddress(bytes, 0)).toEqual({ kind: 'bad-name' });
    expect(socksNameOf(name)).toBeUndefined();
  });

  test('is read with 255 bytes, and written with no more', () => {
    const name = 'n'.repeat(255);
    expect(decodeSocksAddress(encodeSocksAddress(name, 80), 0)).toMatchObject({ host: name });
    expect(socksNameOf(utf8(name))).toBe(name);
    expect(socksNameOf(utf8(`${name}n`))).toBeUndefined();
    expect(() => encodeSocksAddress(`${name}n`, 80)).toThrow(EtError);
    expect(() => encodeSocksAddress('é'.repeat(128), 80)).toThrow('a name of 256 bytes');
    expect(() => encodeSocksAddress('', 80)).toThrow('a name of 0 bytes');
  });
});

test.each([-1, 65_536, 1.5, Number.NaN])('port %s is not written', (port) => {
  expect(() => encodeSocksAddress('192.0.2.1', port)).toThrow(EtError);
});

test('a name has no address bytes, even one that old parsers take for an address', () => {
  for (const name of ['localhost', '1', '127.1', '0x7f.0.0.1', '010.0.0.1', '[::1]', '']) {
    expect(addressBytesOf(name), name).toBeUndefined();
  }
});

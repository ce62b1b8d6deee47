import { BlockList } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contains, overlaps, parseAddress, parseRange } from '../../src/forward/address-range.ts';

test('IPv6 addresses are read as Node reads them, in each spelling', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const { bytes = [] } = parseAddress(text) ?? {};
      const spelled = new URL(`http://[${text}]/`).hostname;
      const groups = Array.from({ length: 8 }, (_, i) =>
        ((bytes[2 * i] ?? 0) * 256 + (bytes[2 * i + 1] ?? 0)).toString(16),
      );
      if (bytes.length === 16)
        expect(new URL(`http://[${groups.join(':')}]/`).hostname).toBe(spelled);
      else expect(spelled).toMatch(/^\[::ffff:/u);
    }),
    { numRuns: 1000 },
  );
});

test.each(['ipv4', 'ipv6'] as const)('ranges of %s hold what Node says', (family) => {
  const address = family === 'ipv4' ? fc.ipV4() : fc.ipV6().filter((text) => !/ffff:/iu.test(text));
  const most = family === 'ipv4' ? 32 : 128;
  fc.assert(
    fc.property(address, address, fc.nat(most), fc.nat(most), (base, other, bits, flipped) => {
      const range = parseAddress(base);
      const inner = parseAddress(other);
      if (range === undefined || inner === undefined) throw new Error(`${base} ${other}`);
      const list = new BlockList();
      list.addSubnet(base, bits, family);
      expect(contains({ ...range, bits }, inner)).toBe(list.check(other, family));
      // One that differs in a single bit.
      const bytes = range.bytes.map((byte, i) =>
        i === flipped >> 3 ? byte ^ (128 >> (flipped & 7)) : byte,
      );
      expect(contains({ ...range, bits }, { bytes, bits: most })).toBe(
        flipped >= bits || flipped === most,
      );
    }),
    { numRuns: 1000 },
  );
});

test.each([
  ['10.0.0.0/8', '10.1.0.0/16', true],
  ['10.1.0.0/16', '10.0.0.0/8', true],
  ['10.1.0.0/16', '10.2.0.0/16', false],
  ['0.0.0.0/0', '::/0', false],
  ['::ffff:10.0.0.0/104', '10.2.0.0/16', true],
])('%s and %s overlap: %s', (a, b, expected) => {
  const [first, second] = [parseRange(a), parseRange(b)];
  expect(first && second && overlaps(first, second)).toBe(expected);
});

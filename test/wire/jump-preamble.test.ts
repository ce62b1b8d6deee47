import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { EtError } from '../../src/base/errors.ts';
import { encodeJumpPreamble, readJumpPreamble } from '../../src/wire/jump-preamble.ts';

test('a preamble is the magic, the version, a length and host:port', () => {
  expect(encodeJumpPreamble({ host: 'far', port: 22 })).toEqual(utf8('EVTJ\x01\x06far:22'));
  expect(encodeJumpPreamble({ host: '::1', port: 22 })).toEqual(utf8('EVTJ\x01\x08[::1]:22'));
});

test('what is written is read again, whatever stands behind it; each proper prefix is short', () => {
  const host = fc.oneof(
    fc.domain(),
    fc.ipV4(),
    fc.ipV6().filter((text) => !text.includes('.')),
  );
  fc.assert(
    fc.property(host, fc.integer({ min: 1, max: 65_535 }), fc.uint8Array(), (name, port, rest) => {
      fc.pre(name.length < 240);
      const bytes = encodeJumpPreamble({ host: name, port });
      expect(readJumpPreamble(concatBytes([bytes, rest]))).toEqual({
        host: name,
        port,
        lengthBytes: bytes.length,
      });
      for (let length = 0; length < bytes.length; length += 1) {
        expect(readJumpPreamble(bytes.subarray(0, length))).toBe('short');
      }
    }),
  );
});

test('a name that is too long is not sent', () => {
  expect(() => encodeJumpPreamble({ host: 'x'.repeat(254), port: 1 })).toThrow(EtError);
});

test('random bytes are a preamble, none, or too short, and never an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      for (const start of ['', 'EVTJ', 'EVTJ\x01']) {
        const read = readJumpPreamble(concatBytes([utf8(start), bytes]));
        expect(read === undefined || read === 'short' || read.port > 0).toBe(true);
      }
    }),
  );
});

import { expect, test } from 'vitest';
import { cipherFor } from '../../src/crypto/cipher-for.ts';
import { recordCipher } from '../../src/crypto/record-cipher.ts';

test('there is one cipher', () => {
  expect(cipherFor('chacha20-poly1305')).toBe(recordCipher);
});

test.each(['plain', 'xor', 'none', '', 'aes-256-gcm', 'CHACHA20-POLY1305', '__proto__'])(
  'the cipher %j is refused by name',
  (name) => {
    expect(() => cipherFor(name)).toThrowError(
      expect.objectContaining({
        code: 'ET_ERR_USAGE',
        message: expect.stringContaining(JSON.stringify(name)) as string,
      }),
    );
  },
);

import { expect, test } from 'vitest';
import { KeyRing } from '../../src/backed/key-ring.ts';
import { pattern } from './stream-script.ts';

test('accepts both keys until the passkey is forgotten, then the root alone, for good', () => {
  const passkey = pattern(32);
  const root = pattern(32, 32);
  const keys = new KeyRing(passkey, root);
  expect([keys.secretOf('passkey'), keys.secretOf('root')]).toEqual([pattern(32), root]);
  keys.forgetPasskey();
  keys.forgetPasskey();
  expect(keys.hasPasskey).toBe(false);
  expect([keys.secretOf('passkey'), keys.secretOf('root')]).toEqual([undefined, root]);
});

test('a forgotten passkey is not left in memory', () => {
  const passkey = pattern(32);
  new KeyRing(passkey, pattern(32)).forgetPasskey();
  expect(passkey).toEqual(new Uint8Array(32));
});

test('may begin without a passkey', () => {
  const keys = new KeyRing(undefined, pattern(32));
  expect([keys.hasPasskey, keys.secretOf('passkey')]).toEqual([false, undefined]);
});

import { expect, test } from 'vitest';
import { ClientKeys } from '../../src/backed/client-keys.ts';
import { pattern } from './stream-script.ts';

const ROOT = pattern(32, 500);

test('says hello under the passkey until an answer has brought the root', () => {
  const keys = ClientKeys.fromPasskey(pattern(32));
  expect(keys.root).toBe(undefined);
  expect(keys.nextHello()).toEqual({ key: 'passkey', secret: pattern(32), dialNumber: 1 });
  keys.answered(undefined);
  expect(keys.nextHello().key).toBe('passkey');
  keys.answered(ROOT);
  expect(keys.root).toEqual(ROOT);
  expect(keys.nextHello()).toEqual({ key: 'root', secret: ROOT, dialNumber: 3 });
});

test('forgets the passkey with the first answer, and keeps the first root', () => {
  const passkey = pattern(32);
  const keys = ClientKeys.fromPasskey(passkey);
  keys.answered(ROOT);
  keys.answered(pattern(32, 900));
  keys.answered(undefined);
  expect(passkey).toEqual(new Uint8Array(32));
  expect(keys.nextHello().secret).toEqual(ROOT);
});

test('says hello under a renewed root, whatever an answer that was on its way brings', () => {
  const keys = ClientKeys.fromPasskey(pattern(32));
  keys.answered(ROOT);
  const renewed = pattern(32, 700);
  keys.renew(renewed);
  renewed.fill(0);
  keys.answered(ROOT);
  expect(keys.root).toEqual(pattern(32, 700));
  expect(keys.nextHello()).toEqual({ key: 'root', secret: pattern(32, 700), dialNumber: 1 });
});

test('never uses a dial number twice', () => {
  const keys = ClientKeys.fromRoot(ROOT);
  const numbers = Array.from({ length: 100 }, () => keys.nextHello().dialNumber);
  expect(numbers).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
});

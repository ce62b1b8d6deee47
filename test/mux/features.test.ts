import { expect, test } from 'vitest';
import { chooseFeatures, chooseProtocol } from '../../src/mux/features.ts';

test('of the offered features the known ones are chosen, once each and in order; others are skipped', () => {
  expect(chooseFeatures(['zip', 'later', 'aead', 'zip'], ['aead', 'other', 'zip'])).toEqual([
    'aead',
    'zip',
  ]);
  expect(chooseFeatures(['later'])).toEqual([]);
});

test('the highest version that both speak is chosen', () => {
  expect(chooseProtocol([1, 3], [2, 5])).toBe(3);
  expect(chooseProtocol([1, 1], [1, 1])).toBe(1);
});

test.each([
  [[1, 2], [3, 4], 'update everterm on the other machine'],
  [[5, 6], [3, 4], 'update everterm on this machine'],
] as const)(
  'versions %j against %j have none in common, and the error says whom to update',
  (offered, known, advice) => {
    expect(() => chooseProtocol(offered, known)).toThrow(
      expect.objectContaining({ code: 'ET_ERR_FEATURE', scope: 'session', advice }),
    );
  },
);

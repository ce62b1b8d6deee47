import { expect, test } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { routeIdOf } from '../../src/crypto/route-id.ts';

test('the route id is the first 16 bytes of SHA-256 of the secret', () => {
  // sha256sum of 32 zero bytes.
  expect(toHex(routeIdOf(new Uint8Array(32)))).toBe('66687aadf862bd776c8fc18b8e9f8e20');
});

test.each([0, 16, 31, 33])('a route secret of %i bytes is refused', (length) => {
  expect(() => routeIdOf(new Uint8Array(length))).toThrowError(
    expect.objectContaining({ code: 'ET_ERR_USAGE' }),
  );
});

import { describe, expect, test } from 'vitest';
import { SecureLink } from '../../src/backed/secure-link.ts';
import { SessionLink } from '../../src/backed/session-link.ts';
import type { Carrier } from '../../src/link/carrier.ts';
import { MAX_RECORDS_PER_LINK } from '../../src/wire/limits.ts';
import { LINK_ID } from './link-id.ts';

const DAY_MS = 86_400_000;

function newLink(): SessionLink {
  const carrier: Carrier = {
    kind: 'bytes',
    label: 'memory',
    localAddress: undefined,
    queuedBytes: 0,
    start: () => undefined,
    write: () => undefined,
    close: () => undefined,
    reset: () => undefined,
  };
  const keys = {
    linkId: LINK_ID,
    sealer: { seal: () => undefined },
    opener: { open: () => undefined },
  };
  return new SessionLink(new SecureLink(1, carrier, keys, 0), 0);
}

describe('a link wears out', () => {
  test('after a day, once', () => {
    const link = newLink();
    expect(link.wearsOut(DAY_MS - 1)).toBe(false);
    expect(link.wearsOut(DAY_MS)).toBe(true);
    expect(link.wearsOut(DAY_MS)).toBe(false);
  });

  test('again, when it could not be replaced', () => {
    const link = newLink();
    link.wearsOut(DAY_MS);
    link.wearLater();
    expect(link.wearsOut(DAY_MS)).toBe(true);
  });

  test('when half of the record numbers of either direction are used', () => {
    const link = newLink();
    link.received.add(MAX_RECORDS_PER_LINK / 2 - 2, 1, 'nothing', 0, undefined);
    expect(link.wearsOut(0)).toBe(false);
    link.received.add(MAX_RECORDS_PER_LINK / 2 - 1, 1, 'nothing', 0, undefined);
    expect(link.wearsOut(0)).toBe(true);
  });

  test('not while it is ending anyway', () => {
    const link = newLink();
    link.retiredAtMs = 1;
    expect(link.wearsOut(DAY_MS)).toBe(false);
  });
});

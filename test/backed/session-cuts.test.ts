import { describe, expect, test } from 'vitest';
import { arrives } from './both-ways.ts';
import { cheapCrypto } from './cheap-crypto.ts';
import { SessionPair } from './session-pair.ts';
import { pattern } from './stream-script.ts';

describe('a link that is cut after any byte loses and repeats nothing:', () => {
  const MESSAGES = 12;

  /** Both ends write small messages while the link lives; then more; then links come until all has arrived. */
  function cutAt(
    cuts: readonly { readonly direction: 'aToB' | 'bToA'; readonly afterBytes: number }[],
  ): { readonly pair: SessionPair; readonly wasCut: boolean } {
    const pair = new SessionPair(3, cheapCrypto);
    let written = 0;
    const write = (count: number): void => {
      for (let i = 0; i < count; i += 1) {
        for (const { script } of pair.ends)
          for (const stream of [0, 1])
            script.write(stream, pattern(9, stream * 1000 + 9 * written));
        written += 1;
        pair.clock.advance(3);
      }
    };
    let wasCut = false;
    for (const { direction, afterBytes } of cuts) {
      const { pair: wire } = pair.connect({
        [direction]: { cutAfterBytes: afterBytes, delayMs: 4 },
        cutOrder: { first: afterBytes % 2 === 0 ? 'a' : 'b', lagMs: 10 },
      });
      pair.clock.advance(15);
      write(MESSAGES / cuts.length);
      pair.clock.advance(300);
      wasCut = wire.deliveredBytes(direction) >= afterBytes;
      for (const { session } of pair.ends) for (const link of session.links) session.dropLink(link);
    }
    pair.join();
    if (!arrives(pair, 9 * written, 10_000)) throw new Error('not exact');
    return { pair, wasCut };
  }

  test.each(['aToB', 'bToA'] as const)(
    'in the handshake and the first records, %s',
    (direction) => {
      let afterBytes = 1;
      for (; ; afterBytes += afterBytes < 1380 ? 13 : 1) {
        const { pair, wasCut } = cutAt([{ direction, afterBytes }]);
        expect(pair.finish()).toBe(0);
        if (!wasCut) break;
      }
      expect(afterBytes).toBeGreaterThan(1400 + 300);
    },
  );

  test.each(['aToB', 'bToA'] as const)('in the replay, %s', (direction) => {
    let afterBytes = 1390;
    for (; ; afterBytes += 1) {
      const { pair, wasCut } = cutAt([
        { direction: 'bToA', afterBytes: 1460 },
        { direction, afterBytes },
      ]);
      expect(pair.finish()).toBe(0);
      if (!wasCut) break;
    }
    expect(afterBytes).toBeGreaterThan(1400 + 200);
  });

  test.each(['aToB', 'bToA'] as const)('in the replay of the replay, %s', (direction) => {
    let afterBytes = 1390;
    for (; ; afterBytes += 1) {
      const { pair, wasCut } = cutAt([
        { direction: 'aToB', afterBytes: 1470 },
        { direction: 'bToA', afterBytes: 1480 },
        { direction, afterBytes },
      ]);
      expect(pair.finish()).toBe(0);
      if (!wasCut) break;
    }
    expect(afterBytes).toBeGreaterThan(1400 + 200);
  });
});

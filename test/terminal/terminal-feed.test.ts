import { expect, test } from 'vitest';
import type { FeedView } from '../../src/terminal/terminal-feed.ts';
import { LEAST_PAUSED_BYTES, TerminalFeed } from '../../src/terminal/terminal-feed.ts';

const LOG_BYTES = 64 * 1024 * 1024;

function view(undeliveredBytes: number, bytesPerSecond?: number): FeedView {
  return { undeliveredBytes, logRoomBytes: LOG_BYTES - undeliveredBytes, bytesPerSecond };
}

/** A feed whose link has been alive since 0. */
function attended(): TerminalFeed {
  const feed = new TerminalFeed(0);
  feed.linkChanged(true, 0);
  return feed;
}

test('an attended terminal is read 32 KiB ahead when the rate is not known', () => {
  const feed = attended();
  expect(feed.decide(view(0), 0)).toEqual({
    readBytes: 32_768,
    isDraining: false,
    reviewAtMs: undefined,
  });
  expect(feed.decide(view(20_000), 0).readBytes).toBe(12_768);
  expect(feed.decide(view(32_768), 0).readBytes).toBe(0);
  expect(feed.decide(view(5_000_000), 0).readBytes).toBe(0);
});

test('a quarter of a second ahead on a fast link, 32 KiB on a slow one', () => {
  expect(attended().decide(view(0, 40_000_000), 0).readBytes).toBe(10_000_000);
  expect(attended().decide(view(0, 100_000), 0).readBytes).toBe(32_768);
  expect(attended().decide(view(25_000, 125_000), 0).readBytes).toBe(7768);
});

test('it is not worth reading less than the terminal hands out at once', () => {
  expect(attended().decide(view(32_768 - 4096), 0).readBytes).toBe(4096);
  expect(attended().decide(view(32_768 - 4095), 0).readBytes).toBe(0);
});

test.each([undefined, 1, 1000, 40_000_000])(
  'it is paused for nobody who has only what a channel holds, at %s bytes/s',
  (bytesPerSecond) => {
    expect(attended().decide(view(LEAST_PAUSED_BYTES, bytesPerSecond), 0).readBytes).not.toBe(0);
  },
);

test('two seconds without a link, and it is drained to the bound of the log', () => {
  const feed = attended();
  feed.linkChanged(false, 1000);
  expect(feed.decide(view(40_000), 2999)).toEqual({
    readBytes: 0,
    isDraining: false,
    reviewAtMs: 3000,
  });
  expect(feed.decide(view(40_000), 3000)).toEqual({
    readBytes: LOG_BYTES - 40_000,
    isDraining: true,
    reviewAtMs: undefined,
  });
  expect(feed.decide(view(LOG_BYTES - 1000), 9000).readBytes).toBe(0);
});

test('each further news of a lost link changes nothing, a link that is back ends the draining', () => {
  const feed = attended();
  feed.linkChanged(false, 1000);
  feed.linkChanged(false, 2900);
  expect(feed.decide(view(0), 3000).isDraining).toBe(true);
  feed.linkChanged(true, 4000);
  expect(feed.decide(view(1_000_000), 4000)).toEqual({
    readBytes: 0,
    isDraining: false,
    reviewAtMs: undefined,
  });
  feed.linkChanged(false, 5000);
  expect(feed.decide(view(1_000_000), 6999).isDraining).toBe(false);
});

test('thirty seconds without credit on a living link, and it is drained', () => {
  const feed = attended();
  feed.creditChanged(false, 500);
  feed.creditChanged(false, 20_000);
  expect(feed.decide(view(40_000), 30_499)).toEqual({
    readBytes: 0,
    isDraining: false,
    reviewAtMs: 30_500,
  });
  expect(feed.decide(view(40_000), 30_500).isDraining).toBe(true);
  feed.creditChanged(true, 30_600);
  expect(feed.decide(view(40_000), 30_600).isDraining).toBe(false);
});

test('whichever comes first counts', () => {
  const feed = attended();
  feed.creditChanged(false, 0);
  feed.linkChanged(false, 10_000);
  expect(feed.decide(view(40_000), 11_000).reviewAtMs).toBe(12_000);
  feed.linkChanged(false, 29_500);
  feed.linkChanged(true, 29_600);
  expect(feed.decide(view(40_000), 29_600).reviewAtMs).toBe(30_000);
});

test('a shell that nobody has come to is drained', () => {
  expect(new TerminalFeed(100).decide(view(0), 2099).isDraining).toBe(false);
  expect(new TerminalFeed(100).decide(view(0), 2100).isDraining).toBe(true);
});

test('a full log is never read into, drained or not', () => {
  const full: FeedView = { undeliveredBytes: 0, logRoomBytes: 100, bytesPerSecond: 1e9 };
  expect(attended().decide(full, 0).readBytes).toBe(0);
  expect(new TerminalFeed(0).decide(full, 9000).readBytes).toBe(0);
});

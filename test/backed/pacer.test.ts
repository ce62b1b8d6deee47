import { describe, expect, test } from 'vitest';
import {
  ATTENDED_IN_FLIGHT_BYTES,
  ATTENDED_MS,
  Pacer,
  type PathState,
} from '../../src/backed/pacer.ts';
import { MAX_IN_FLIGHT_BYTES, MAX_RECORD_BYTES } from '../../src/wire/limits.ts';
import { Bottleneck } from './bottleneck.ts';

const ENDLESS = 1e12;

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(part * (sorted.length - 1))] ?? 0;
}

/** Runs for `ms`; the rate as a part of the line's, and how long records waited for the line. */
function watch(path: Bottleneck, bytesPerMs: number, ms: number): { part: number; p95Ms: number } {
  const before = path.queueDelaysMs.length;
  const part = path.run(ms) / bytesPerMs;
  return { part, p95Ms: percentile(path.queueDelaysMs.slice(before), 0.95) };
}

const PATH: PathState = {
  bytesPerMs: undefined,
  minRttMs: undefined,
  round: 0,
  fullRounds: 0,
  latestRttMs: 0,
  inFlightBytes: 0,
};

describe.each([
  { name: '1 MB/s, 100 ms', bytesPerMs: 1000, rttMs: 100 },
  { name: '1 Mbit/s, 50 ms', bytesPerMs: 125, rttMs: 50 },
  { name: '10 MB/s, 100 ms', bytesPerMs: 10_000, rttMs: 100 },
  { name: '1 MB/s, 5 ms', bytesPerMs: 1000, rttMs: 5 },
  { name: '4 MB/s, 300 ms', bytesPerMs: 4000, rttMs: 300 },
])('over $name', ({ bytesPerMs, rttMs }) => {
  const path = new Bottleneck({ bytesPerMs, rttMs });
  path.offer(ENDLESS);

  test('bulk finds the rate, and its queue is gone two seconds and fifteen round trips later', () => {
    path.run(2000 + 15 * rttMs);
    expect(path.pacer.inStartup).toBe(false);
    expect(path.bytesPerMs).toBeGreaterThan(0.9 * bytesPerMs);
    expect(path.bytesPerMs).toBeLessThan(1.1 * bytesPerMs);
    const { part, p95Ms } = watch(path, bytesPerMs, 4000);
    expect(part).toBeGreaterThan(0.95);
    expect(p95Ms).toBeLessThan(Math.max(20, 0.3 * rttMs));
  });

  test('and for minutes the queue does not grow, nor the round trip it takes for the path', () => {
    if (bytesPerMs > 2000) return;
    const { part, p95Ms } = watch(path, bytesPerMs, 90_000);
    expect(part).toBeGreaterThan(0.95);
    expect(p95Ms).toBeLessThan(Math.max(20, 0.3 * rttMs));
    expect(path.minRttMs).toBeLessThan(rttMs + 10);
  });
});

test('a product of 10 MB of rate and delay is filled to nine tenths within fourteen round trips', () => {
  const path = new Bottleneck({ bytesPerMs: 100_000, rttMs: 100 });
  path.offer(ENDLESS);
  path.run(1400);
  expect(path.inFlightBytes).toBeGreaterThan(9e6);
});

test('on a link of 128 kbit/s a record waits behind at most a few others', () => {
  const path = new Bottleneck({ bytesPerMs: 16, rttMs: 200 });
  path.offer(ENDLESS);
  path.run(10_000);
  const { part, p95Ms } = watch(path, 16, 30_000);
  expect(part).toBeGreaterThan(0.95);
  // One record of the least size takes 65 ms.
  expect(p95Ms).toBeLessThan(130);
});

test('on loopback nothing is throttled', () => {
  const path = new Bottleneck({ bytesPerMs: 500_000, rttMs: 0.1 });
  path.offer(ENDLESS);
  path.run(40);
  expect(path.run(60)).toBeGreaterThan(400_000);
});

test('after many keys alone, bulk starts with a window in each round trip and finds the rate', () => {
  const path = new Bottleneck({ bytesPerMs: 1000, rttMs: 100 });
  for (let i = 0; i < 2000; i += 1) {
    path.key();
    path.run(300);
  }
  const before = path.arrivedBytes;
  path.offer(ENDLESS);
  path.run(200);
  expect(path.arrivedBytes - before).toBeGreaterThan(8000);
  path.run(2000);
  expect(path.run(2000)).toBeGreaterThan(950);
});

test('after many keys behind bulk, bulk goes on at the rate that it had found', () => {
  const path = new Bottleneck({ bytesPerMs: 1000, rttMs: 100 });
  path.offer(10e6);
  path.run(60_000);
  for (let i = 0; i < 1000; i += 1) {
    path.key();
    path.run(1000);
  }
  path.offer(ENDLESS);
  path.run(120);
  expect(path.run(1000)).toBeGreaterThan(900);
});

describe('bytes in flight', () => {
  test('are 32 KiB before a rate is known, of which bulk has 8', () => {
    const pacer = new Pacer(2);
    expect(pacer.inFlightCap(PATH, false, 0)).toBe(32_768);
    expect(pacer.inFlightCap(PATH, true, 0)).toBe(8192);
  });

  test('queue for 20 ms beyond what the path holds, and never for more than 2 MiB', () => {
    const pacer = new Pacer(2);
    pacer.endStartup();
    const queued = (bytesPerMs: number): number =>
      pacer.inFlightCap({ ...PATH, bytesPerMs, minRttMs: 1 }, true, 0) - bytesPerMs * 3;
    expect(queued(50_000)).toBe(50_000 * 20 + 1024);
    expect(queued(500_000)).toBe(2 * 1024 * 1024 + 1024);
  });

  test('are few on a short and fast path while somebody types, and many again a second later', () => {
    const pacer = new Pacer(2);
    pacer.endStartup();
    const capAt = (nowMs: number, bytesPerMs: number, minRttMs: number): number =>
      pacer.inFlightCap({ ...PATH, bytesPerMs, minRttMs }, true, nowMs);
    const alone = capAt(1000, 100_000, 0.3);
    pacer.noteUrgent(1000);
    expect(capAt(1000, 100_000, 0.3)).toBe(330_000);
    expect(capAt(1000, 25_000, 0.3)).toBe(ATTENDED_IN_FLIGHT_BYTES);
    expect(capAt(1000 + ATTENDED_MS, 100_000, 0.3)).toBe(alone);
    // A long or a slow path keeps its queue: what a key takes there is the path's own.
    expect(capAt(1000, 100_000, 20)).toBeGreaterThan(100_000 * 40);
    expect(capAt(1000, 10_000, 1)).toBe(10_000 * 23 + 1024);
  });

  test('never exceed 16 MiB, and are whole numbers whatever the rate', () => {
    const pacer = new Pacer(2);
    expect(pacer.inFlightCap({ ...PATH, bytesPerMs: 1e6, minRttMs: 1000 }, true, 0)).toBe(
      MAX_IN_FLIGHT_BYTES,
    );
    for (let i = 1; i < 100; i += 1) {
      const path = { ...PATH, bytesPerMs: 1234.567 * i, minRttMs: 10.1 + i };
      expect(Number.isInteger(pacer.inFlightCap(path, true, 0))).toBe(true);
      expect(Number.isInteger(pacer.recordTarget(path))).toBe(true);
    }
  });
});

test.each([
  [0.001, 1024],
  [1000, 4000],
  [10_000, 40_000],
  [100_000, MAX_RECORD_BYTES],
])('at %s bytes per ms a record aims at %s bytes', (bytesPerMs, bytes) => {
  expect(new Pacer(2).recordTarget({ ...PATH, bytesPerMs })).toBe(bytes);
});

test('what was sent ahead of the pace is counted in bytes, and gone when its time has passed', () => {
  const pacer = new Pacer(2);
  const path = { ...PATH, bytesPerMs: 1000, minRttMs: 100 };
  expect(pacer.aheadBytes(0, path)).toBe(0);
  pacer.sent(0, 20_000, path);
  const waitMs = pacer.waitMs(0, path);
  expect(waitMs).toBeGreaterThan(0);
  expect(pacer.aheadBytes(0, path)).toBeGreaterThan(8000);
  expect(pacer.aheadBytes(0, path)).toBeLessThan(20_000);
  expect(pacer.aheadBytes(waitMs, path)).toBe(0);
});

test('before a rate is known nothing waits', () => {
  const pacer = new Pacer(2);
  pacer.sent(0, 1e6, PATH);
  expect(pacer.waitMs(0, PATH)).toBe(0);
});

test('above 50 MB/s nothing is timed: bytes in flight alone bound what is sent', () => {
  const pacer = new Pacer(2);
  const path = { ...PATH, bytesPerMs: 50_000, minRttMs: 0.1 };
  pacer.sent(0, 10e6, path);
  expect(pacer.waitMs(0, path)).toBe(0);
  expect(pacer.waitMs(0, { ...path, bytesPerMs: 49_000 })).toBeGreaterThan(0);
});

describe('a sender whose timers are late', () => {
  const path = {
    bytesPerMs: 1000,
    minRttMs: 50,
    round: 1,
    fullRounds: 1,
    latestRttMs: 50,
    inFlightBytes: 0,
  };

  /** Bytes sent in a second by a sender that looks each `everyMs`, and has always something to send. */
  function sentInSecond(everyMs: number, note: (pacer: Pacer) => void): number {
    const pacer = new Pacer(2);
    pacer.endStartup();
    let bytes = 0;
    for (let nowMs = 1000; nowMs < 2000; nowMs += everyMs) {
      while (pacer.waitMs(nowMs, path) === 0) {
        pacer.sent(nowMs, 1000, path);
        bytes += 1000;
      }
      note(pacer);
    }
    return bytes;
  }

  test('catches up with what it could not send meanwhile', () => {
    const exact = sentInSecond(1, (pacer) => pacer.noteWaiting());
    expect(sentInSecond(15, (pacer) => pacer.noteWaiting()) / exact).toBeGreaterThan(0.9);
  });

  test('does not, where it had nothing to send', () => {
    const exact = sentInSecond(1, (pacer) => pacer.noteWaiting());
    expect(sentInSecond(15, (pacer) => pacer.noteIdle()) / exact).toBeLessThan(0.5);
  });

  test('catches up with 25 ms at the most', () => {
    const exact = sentInSecond(1, (pacer) => pacer.noteWaiting());
    expect(sentInSecond(200, (pacer) => pacer.noteWaiting()) / exact).toBeLessThan(0.2);
  });
});

describe('beside somebody else’s queue', () => {
  const QUIET = { bytesPerMs: 1000, minRttMs: 40, fullRounds: 9, inFlightBytes: 0 };

  /** Goes through a drain and the round trip behind it, which takes `rttMs`. */
  function drained(rttMs: number, inFlightBytes = 0): Pacer {
    const pacer = new Pacer(2);
    pacer.endStartup();
    for (let round = 1; round < 8; round += 1) {
      pacer.advance({ ...QUIET, round, latestRttMs: 40 + 100 / round, inFlightBytes });
      pacer.advance({ ...QUIET, round, latestRttMs: rttMs, inFlightBytes });
    }
    return pacer;
  }

  test('bulk may have as much on its way again as the path holds', () => {
    const [alone, beside] = [drained(45), drained(75)].map((pacer) =>
      pacer.inFlightCap({ ...QUIET, round: 9, latestRttMs: 75 }, true, 10_000),
    );
    // 40 ms and 5 for acknowledgements; 20 ms of queue; 1,024 bytes.
    expect(alone).toBe(45_000 + 20_000 + 1024);
    expect(beside).toBe(90_000);
  });

  test('not while somebody types', () => {
    const pacer = drained(75);
    pacer.noteUrgent(9500);
    const path = { ...QUIET, round: 9, latestRttMs: 75 };
    expect(pacer.inFlightCap(path, true, 10_000)).toBe(66_024);
    expect(pacer.inFlightCap(path, true, 10_501)).toBe(90_000);
  });

  test('where ours has not gone it cannot be told from theirs', () => {
    const path = { ...QUIET, round: 9, latestRttMs: 75 };
    expect(drained(75, 60_000).inFlightCap(path, true, 10_000)).toBe(66_024);
  });
});

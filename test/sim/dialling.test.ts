import { describe, expect, test, vi } from 'vitest';
import { DEFAULT_RECONNECT } from '../../src/backed/reconnect.ts';
import { type DialResult, Redialer } from '../../src/backed/redialer.ts';
import { EtError } from '../../src/base/errors.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { Scenario } from './scenario.ts';
import { DIAL_ERRORS } from './sim-path.ts';

vi.setConfig({ testTimeout: 180_000 });

const HOUR_MS = 3_600_000;
const LAN = { delayMs: 25 };

/** When one client dials, in milliseconds since its link was lost, while every dial is refused. */
function dialsOf(seed: number, untilMs: number): number[] {
  const clock = new VirtualClock();
  const atMs: number[] = [];
  const refuse = (done: (result: DialResult) => void) => {
    atMs.push(clock.now());
    const error = new EtError('ET_ERR_DIAL', 'refused');
    return clock.schedule(1, () => done({ kind: 'failed', error, noRoute: false }));
  };
  const events = { onLink: () => undefined, onFail: () => undefined };
  const redialer = new Redialer(clock, new SeededRandom(seed), DEFAULT_RECONNECT, refuse, events);
  redialer.onLost();
  clock.advance(untilMs);
  redialer.stop();
  expect(clock.pending).toBe(0);
  return atMs;
}

function gapsOf(atMs: readonly number[]): number[] {
  return atMs.slice(1).map((at, i) => at - (atMs[i] ?? 0));
}

describe('a thousand clients whose server is gone', () => {
  const clients = Array.from({ length: 1000 }, (_, i) => dialsOf(i + 1, 20 * 60_000));

  test('back off monotonously to 30 s, and never come down again', () => {
    const meanGapsMs = Array.from({ length: 40 }, (_, n) => {
      const gaps = clients.map((atMs) => gapsOf(atMs)[n] ?? 0);
      return gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    });
    // The mean of a thousand draws wavers by a few percent at the cap.
    for (let n = 1; n < meanGapsMs.length; n += 1) {
      expect(meanGapsMs[n]).toBeGreaterThan(0.9 * (meanGapsMs[n - 1] ?? 0));
    }
    expect(Math.max(...clients.flatMap(gapsOf))).toBeLessThanOrEqual(30_000);
    expect(meanGapsMs[39]).toBeGreaterThan(14_000);
  });

  test('do not come back as one', () => {
    const perSecond = new Map<number, number>();
    for (const atMs of clients.flat()) {
      const second = Math.floor(atMs / 1000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    }
    for (const [second, count] of perSecond) if (second > 300) expect(count).toBeLessThan(150);
  });
});

test('a link that stayed resets the back-off', () => {
  const scenario = new Scenario('bytes', LAN);
  scenario.begin();
  const { path } = scenario;
  for (let round = 0; round < 3; round += 1) {
    path.answer = 'ECONNREFUSED';
    for (const connection of path.connections) connection.cut({ first: 'both', lagMs: 0 });
    const before = path.dialCount;
    scenario.run(700);
    // At once, after 250 ms, after 500 ms more.
    expect(path.dialCount - before).toBe(2);
    scenario.run(HOUR_MS);
    path.answer = 'accepts';
    scenario.timeUntil(() => scenario.isLinked, 31_000);
    scenario.run(5000);
  }
});

describe('without a route', () => {
  test('nothing goes out, and an attempt that the kernel refuses comes every 30 s at most', () => {
    const scenario = new Scenario('bytes', LAN);
    const terminal = scenario.begin();
    const { path, world } = scenario;
    path.answer = 'ENETUNREACH';
    for (const connection of path.connections) connection.cut({ first: 'both', lagMs: 0 });
    terminal.client.write(10);
    const before = { ...world.network.total, dials: path.dialCount };
    scenario.run(HOUR_MS);
    expect(world.network.total.writes).toBe(before.writes);
    expect(path.dialCount - before.dials).toBeLessThanOrEqual(121);
  });

  test.each([
    ['an interface that comes up', 100],
    ['a key', 100],
  ])('%s starts a dial within %i ms', (what, withinMs) => {
    for (const error of ['ENETUNREACH', 'ENETDOWN'] as const) {
      const scenario = new Scenario('bytes', LAN);
      const terminal = scenario.begin();
      const { path } = scenario;
      path.answer = error;
      for (const connection of path.connections) connection.cut({ first: 'both', lagMs: 0 });
      scenario.run(HOUR_MS / 2 + 12_345);
      path.answer = 'accepts';
      const before = path.dialCount;
      if (what === 'a key') scenario.client.own.onKey();
      else scenario.client.own.onAddressesChange(() => true);
      scenario.run(withinMs);
      expect(path.dialCount - before).toBe(1);
      terminal.client.write(1);
      // Connect and handshake, then the byte.
      expect(scenario.timeUntil(() => terminal.isQuiet, 10_000)).toBeLessThan(150);
    }
  });
});

test('a path that is dead is left while something is on its way, after max(3 RTT, 1 s)', () => {
  for (const delayMs of [1, 25, 150, 400]) {
    const scenario = new Scenario('bytes', { delayMs });
    const terminal = scenario.begin();
    for (let i = 0; i < 50; i += 1) {
      terminal.client.write(1);
      scenario.run(100);
    }
    scenario.path.abandon();
    const { session } = scenario.client;
    const isSuspected = (): boolean => [...session.links].some(({ isSuspect }) => isSuspect);
    let typedMs = 0;
    while (!isSuspected() && typedMs < 10_000) {
      terminal.client.write(1);
      scenario.run(100, isSuspected);
      typedMs += 100;
    }
    // The last acknowledgement may have left just before: from it the time counts.
    expect(typedMs).toBeLessThanOrEqual(Math.max(6 * delayMs, 1000) + 2 * delayMs + 200);
    expect(scenario.timeUntil(() => terminal.isQuiet, 10_000)).toBeLessThan(8 * delayMs + 100);
  }
});

test('the link in use is kept until the next one has joined', () => {
  const scenario = new Scenario('bytes', LAN);
  const terminal = scenario.begin();
  const { session } = scenario.client;
  // The address goes, and with it the link's credit; its bytes would still arrive.
  scenario.client.own.onAddressesChange(() => false);
  let leastLinks = 1;
  scenario.run(2000, () => {
    leastLinks = Math.min(leastLinks, session.links.count);
    return false;
  });
  terminal.client.write(1);
  scenario.timeUntil(() => terminal.isQuiet, 1000);
  expect(leastLinks).toBe(1);
});

describe('an idle hour over bytes', () => {
  test('costs at most 130 packets, both directions together', () => {
    const scenario = new Scenario('bytes', LAN);
    scenario.begin();
    const before = scenario.world.network.total.writes;
    scenario.run(HOUR_MS);
    expect(scenario.world.network.total.writes - before).toBeLessThanOrEqual(130);
  });

  test('has no keepalive while data flows', () => {
    const scenario = new Scenario('bytes', LAN);
    const terminal = scenario.begin();
    const before = scenario.world.network.total.writes;
    for (let i = 0; i < 600; i += 1) {
      terminal.client.write(1);
      scenario.run(500);
    }
    // One packet for the key, one for its acknowledgement.
    expect(scenario.world.network.total.writes - before).toBe(1200);
  });
});

test('typing does not keep a link from joining, however slow it is', () => {
  for (const delayMs of [100, 400, 700]) {
    const scenario = new Scenario('bytes', { delayMs });
    const terminal = scenario.begin();
    scenario.path.abandon();
    for (let i = 0; i < 300 && !(i > 20 && terminal.isQuiet); i += 1) {
      scenario.client.own.onKey();
      terminal.client.write(1);
      scenario.run(100);
      if (i === 20) terminal.client.write(0);
    }
    scenario.timeUntil(() => terminal.isQuiet, 1000 + 8 * delayMs);
    expect(scenario.client.joinCount).toBeGreaterThanOrEqual(2);
  }
});

test('every kind of failure that a dial may have is one of the simulator’s', () => {
  expect(new Set(DIAL_ERRORS).size).toBe(9);
});

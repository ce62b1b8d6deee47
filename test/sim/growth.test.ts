import { describe, expect, test, vi } from 'vitest';
import { Scenario } from './scenario.ts';

vi.setConfig({ testTimeout: 180_000 });

const HOUR_MS = 3_600_000;

/** Everything in a run that could grow, while the session is idle. */
function sizesOf(scenario: Scenario): Record<string, number> {
  const { world, client, server } = scenario;
  const heldBytes = (end: typeof server): number =>
    end.session.unacknowledgedBytes + end.session.readers.reduce((sum, r) => sum + r.heldBytes, 0);
  return {
    timers: world.clock.pending,
    carriers: world.network.open.size,
    waiting: world.server.acceptor.waitingCount,
    clientLinks: client.session.links.count,
    serverLinks: server.session.links.count,
    clientBytes: heldBytes(client),
    serverBytes: heldBytes(server),
    channels: client.mux.channelCount + server.mux.channelCount,
    credit: client.mux.reservedBytes + server.mux.reservedBytes,
  };
}

describe.each(['bytes', 'datagrams'] as const)('over %s', (kind) => {
  test('a thousand reconnects and a day offline leave nothing behind', () => {
    const scenario = new Scenario(kind, { delayMs: 5 });
    const terminal = scenario.begin();
    const { path } = scenario;
    const reconnect = (): void => {
      for (const connection of path.connections) connection.cut({ first: 'both', lagMs: 0 });
      terminal.client.write(50);
      terminal.server.write(50);
      scenario.timeUntil(() => terminal.isQuiet, 10_000);
      // A link that lives shorter than a second is no success, and the next dial waits.
      scenario.run(1100);
    };
    for (let i = 0; i < 20; i += 1) reconnect();
    const early = sizesOf(scenario);
    for (let i = 0; i < 1000; i += 1) reconnect();
    expect(sizesOf(scenario)).toEqual(early);

    path.answer = 'silent';
    for (const connection of path.connections) connection.cut({ first: 'both', lagMs: 0 });
    for (let hour = 0; hour < 24; hour += 1) {
      scenario.run(HOUR_MS);
      // One attempt at a time, its patience, and the wait until the next.
      expect(scenario.world.clock.pending).toBeLessThanOrEqual(4);
    }
    path.answer = 'accepts';
    terminal.client.write(50);
    scenario.timeUntil(() => terminal.isQuiet, 31_000);
    scenario.run(1100);
    expect(sizesOf(scenario)).toEqual(early);
    expect(scenario.end()).toEqual({ timers: 0, carriers: 0 });
  });

  test('a thousand roams leave at most sixteen links at the server, and one at the client', () => {
    const scenario = new Scenario(kind, { delayMs: 5 });
    const terminal = scenario.begin();
    for (let i = 0; i < 1000; i += 1) {
      scenario.path.abandon();
      scenario.client.own.onAddressesChange(() => false);
      terminal.client.write(50);
      scenario.timeUntil(() => terminal.isQuiet, 10_000);
    }
    scenario.run(20_000);
    expect(scenario.client.session.links.count).toBe(1);
    expect(scenario.server.session.links.count).toBeLessThanOrEqual(16);
    expect(scenario.end()).toEqual({ timers: 0, carriers: 0 });
  });
});

test('20 MB each way over a link without limits: as fast as the windows let it', () => {
  const scenario = new Scenario('bytes', { delayMs: 5 });
  scenario.begin();
  const bulk = scenario.openBulk();
  scenario.run(100);
  bulk.client.write(20_000_000);
  bulk.server.write(20_000_000);
  expect(scenario.timeUntil(() => bulk.isQuiet, 60_000)).toBeLessThan(3000);
  scenario.run(100);
  expect(scenario.client.session.unacknowledgedBytes).toBe(0);
});

describe('an unread channel', () => {
  test('blocks its sender at exactly the credit, and nobody else', () => {
    const scenario = new Scenario('bytes', { delayMs: 5 });
    scenario.begin();
    const stalled = scenario.open({
      stream: 1,
      priority: 'forward',
      credit: 10_000,
      maxCredit: 10_000,
    });
    const other = scenario.open({ stream: 1, priority: 'forward' });
    scenario.run(1000);
    stalled.client.readsAtOnce = false;
    stalled.server.write(1_000_000);
    other.server.write(1_000_000);
    scenario.run(60_000);
    expect(stalled.client.incoming.received).toBe(10_000);
    expect(other.client.incoming.received).toBe(1_000_000);
    stalled.client.readsAtOnce = true;
    stalled.client.channel?.consumed(10_000);
    scenario.timeUntil(() => stalled.isQuiet, 60_000);
  });

  test('lives through a reconnect with its credit unchanged', () => {
    const scenario = new Scenario('bytes', { delayMs: 5 });
    scenario.begin();
    const stalled = scenario.open({
      stream: 1,
      priority: 'forward',
      credit: 10_000,
      maxCredit: 10_000,
    });
    scenario.run(1000);
    stalled.client.readsAtOnce = false;
    stalled.server.write(50_000);
    for (let i = 0; i < 10; i += 1) {
      for (const connection of scenario.path.connections)
        connection.cut({ first: 'a', lagMs: 100 });
      scenario.run(3000);
      expect(stalled.client.incoming.received).toBe(10_000);
    }
  });

  test('both ends write until they are blocked, then read: it finishes', () => {
    const scenario = new Scenario('bytes', { delayMs: 5, bytesPerSecond: 1_000_000 });
    scenario.begin();
    const channel = scenario.open({ stream: 1, priority: 'forward' });
    scenario.run(1000);
    for (const end of [channel.client, channel.server]) end.readsAtOnce = false;
    for (const end of [channel.client, channel.server]) end.write(2_000_000);
    scenario.run(30_000);
    for (const end of [channel.client, channel.server]) {
      end.readsAtOnce = true;
      end.channel?.consumed(end.incoming.received);
    }
    scenario.timeUntil(() => channel.isQuiet, 120_000);
  });
});

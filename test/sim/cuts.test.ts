import { expect, test, vi } from 'vitest';
import type { Direction } from '../support/memory-link.ts';
import { Scenario } from './scenario.ts';

vi.setConfig({ testTimeout: 180_000 });

const LAN = { delayMs: 10 };

/** Cuts the connections to come after so many bytes each in one direction; those beyond the list live. */
function cutInTurn(scenario: Scenario, direction: Direction, afterBytes: readonly number[]): void {
  const { network, server } = scenario.world;
  let turn = 0;
  network.onAccept = (carrier) => {
    server.acceptor.accept(carrier);
    const bytes = afterBytes[turn];
    turn += 1;
    const connection = [...scenario.path.connections].at(-1);
    if (bytes !== undefined) connection?.cutAfter(direction, bytes);
  };
}

/** A short life: some hundred bytes each way, then both ends close. Throws unless every byte came once and in order. */
function live(scenario: Scenario): void {
  scenario.client.own.start();
  const channel = scenario.openTerminal();
  scenario.client.own.onKey();
  channel.client.write(300);
  scenario.timeUntil(() => channel.server.channel !== undefined, 60_000);
  channel.server.write(600);
  channel.client.write(300);
  channel.client.end();
  channel.server.end();
  scenario.timeUntil(() => channel.client.isClosed && channel.server.isClosed, 60_000);
  expect(channel.isQuiet).toBe(true);
  expect(scenario.client.end).toBeUndefined();
}

/** Beyond every byte that goes over the wire in one direction: handshake, records, acknowledgements. */
const LAST_BYTE = 2400;

test.each(['aToB', 'bToA'] as const)(
  'a cut after any byte loses and repeats nothing: %s',
  (direction) => {
    for (let bytes = 0; bytes <= LAST_BYTE; bytes += 1) {
      const scenario = new Scenario('bytes', LAN, bytes);
      cutInTurn(scenario, direction, [bytes]);
      live(scenario);
    }
  },
);

test.each(['aToB', 'bToA'] as const)(
  'nor does a cut in the replay, nor one in the replay of the replay: %s',
  (direction) => {
    for (let bytes = 0; bytes <= LAST_BYTE; bytes += 7) {
      const scenario = new Scenario('bytes', LAN, bytes);
      const random = scenario.world.random;
      cutInTurn(scenario, direction, [
        bytes,
        random.integer(0, LAST_BYTE),
        random.integer(0, LAST_BYTE),
      ]);
      live(scenario);
    }
  },
);

test('what had arrived is not sent again, though its acknowledgement was lost', () => {
  const scenario = new Scenario('bytes', { delayMs: 10, bytesPerSecond: 10_000_000 });
  const terminal = scenario.begin();
  terminal.server.write(100_000);
  scenario.timeUntil(() => terminal.isQuiet, 10_000);
  scenario.run(1000);
  // Nothing reaches the server any more, so what the client now gets is never acknowledged on this link.
  for (const connection of scenario.path.connections) connection.hold('aToB');
  terminal.server.write(20_000);
  scenario.timeUntil(() => terminal.isQuiet, 10_000);
  expect(scenario.server.session.unacknowledgedBytes).toBeGreaterThan(20_000);
  for (const connection of scenario.path.connections) connection.cut({ first: 'both', lagMs: 0 });
  scenario.run(5000);
  expect(scenario.server.session.unacknowledgedBytes).toBe(0);
  const [connection] = scenario.path.connections;
  expect(connection?.toClient.bytes).toBeLessThan(2000);
});

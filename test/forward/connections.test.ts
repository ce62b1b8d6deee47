import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Connections, MAX_CONNECTIONS } from '../../src/forward/connections.ts';
import { Connector, streamSockets } from '../../src/forward/connector.ts';
import { ForwardCounters } from '../../src/forward/forward-counters.ts';
import { Policy } from '../../src/forward/policy.ts';
import { HostResolver } from '../../src/link/host-resolver.ts';
import { MuxPair } from '../mux/mux-pair.ts';
import { soon } from './forward-lab.ts';

const open: { close(): void }[] = [];

afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

/** The end of a session that has targets; names are never resolved, and lead nowhere. */
class Lab {
  readonly pair = new MuxPair();
  readonly told: string[] = [];
  readonly counters = new ForwardCounters((text) => this.told.push(text));
  readonly connections = new Connections(this.pair.clock, this.pair.server);
  readonly connector = new Connector(
    this.pair.clock,
    streamSockets(),
    Policy.open,
    new HostResolver(() => new Promise(() => undefined)),
  );
  /** What the other end was told. */
  readonly answers: string[] = [];

  constructor() {
    this.pair.onServerOpen = (incoming) => {
      const { host, port } = incoming.metadata as { host: string; port: number };
      const target = { kind: 'tcp', host, port } as const;
      this.connections.answer(incoming, this.connector, target, this.counters);
    };
  }

  ask(host: string, port = 80): { reset(): void } {
    const channel = this.pair.client.open(
      { kind: 'tcp', metadata: { host, port }, priority: 'forward' },
      {
        onData: () => undefined,
        onAccept: () => this.answers.push('accepted'),
        onRefuse: (_, { code, text }) => this.answers.push(`${code} ${text}`),
      },
    );
    this.pair.run();
    return channel;
  }

  /** Lets promises and sockets do what they have to. */
  async turns(): Promise<void> {
    for (let i = 0; i < 10; i += 1) {
      await new Promise(setImmediate);
      this.pair.run();
    }
  }
}

test('the end of the session gives up what is being reached, and blames no target', async () => {
  const lab = new Lab();
  lab.ask('never.test');
  await lab.turns();
  expect([lab.connections.count, lab.counters.waiting]).toEqual([1, 1]);
  lab.connections.close('the session has ended');
  await lab.turns();
  expect([lab.connections.count, lab.counters.waiting, lab.counters.refused]).toEqual([0, 0, 0]);
  expect(lab.told).toEqual([]);
  expect(lab.pair.clock.pending).toBe(0);
});

test('what was reached as the session ended is closed', async () => {
  const lab = new Lab();
  const accepted: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket)).listen(0, '127.0.0.1');
  open.push(server);
  await once(server, 'listening');
  const address = server.address();
  lab.ask('127.0.0.1', typeof address === 'object' && address !== null ? address.port : 0);
  lab.connections.close('the session has ended');
  await soon(() => {
    lab.pair.run();
    return lab.answers.length > 0;
  });
  expect(lab.answers).toEqual(['9 nobody waits for it any more']);
  expect(lab.connections.count).toBe(0);
  for (const socket of accepted) await once(socket.resume(), 'close');
});

test('an open that was taken back is reached for nobody, and counted nowhere', async () => {
  const lab = new Lab();
  lab.ask('never.test').reset();
  lab.pair.run();
  lab.pair.clock.advance(30_000);
  await lab.turns();
  expect(lab.connections.count).toBe(0);
  expect(lab.counters).toMatchObject({ open: 0, waiting: 0 });
  expect(lab.pair.clock.pending).toBe(0);
});

test('one more than there may be is refused, and those that are given up make room', async () => {
  const lab = new Lab();
  const target = { kind: 'tcp', host: 'never.test', port: 80 } as const;
  const given = new AbortController();
  const others = Array.from({ length: MAX_CONNECTIONS }, (_, i) =>
    lab.connections.reach(lab.connector, target, lab.counters, i === 0 ? given : undefined),
  );
  const ends = Promise.allSettled(others);
  lab.ask('never.test');
  await lab.turns();
  expect(lab.answers).toEqual([`2 ${MAX_CONNECTIONS} connections are open there`]);
  given.abort();
  await lab.turns();
  lab.ask('never.test');
  await lab.turns();
  expect(lab.answers.length).toBe(1);
  lab.connections.close('the end');
  await ends;
  await lab.turns();
  expect(lab.counters).toMatchObject({ open: 0, waiting: 0, refused: 1 });
  expect(lab.pair.clock.pending).toBe(0);
});

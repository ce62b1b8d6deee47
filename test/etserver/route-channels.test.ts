import { expect, test } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { EtError } from '../../src/base/errors.ts';
import { RouteChannels } from '../../src/etserver/route-channels.ts';
import type { Channel } from '../../src/mux/channel.ts';
import { type JsonObject, REASON } from '../../src/wire/messages.ts';
import { MuxPair } from '../mux/mux-pair.ts';
import { SeededRandom } from '../support/seeded-random.ts';

/** A server whose router takes what it is told, or not. */
class World {
  readonly pair = new MuxPair();
  readonly log: string[] = [];
  /** What the router knows. */
  readonly known = new Set<string>();
  routes: string[] = [];
  answer: () => Promise<void> = () => Promise.resolve();

  constructor() {
    const random = new SeededRandom(1);
    const channels = new RouteChannels({
      registration: {
        add: async (secrets) => {
          await this.answer();
          for (const secret of secrets) this.known.add(toHex(secret.slice(0, 16)));
        },
        remove: (secrets) => {
          for (const secret of secrets) this.known.delete(toHex(secret.slice(0, 16)));
        },
      },
      drawSecret: () => random.bytes(32),
      routeIdOf: (secret) => secret.slice(0, 16),
    });
    this.pair.onServerOpen = (incoming) => {
      try {
        channels.open(incoming);
      } catch (error) {
        if (!(error instanceof EtError)) throw error;
        incoming.refuse(REASON.protocol, error.code);
      }
    };
  }

  open(metadata: JsonObject): Channel {
    const channel: Channel = this.pair.client.open(
      { kind: 'routes', metadata, priority: 'interactive' },
      {
        onAccept: ({ routes }) => {
          this.routes = routes as string[];
          this.log.push('accepted');
        },
        onRefuse: (_error, { code, text }) => this.log.push(`refused ${code} ${text}`),
        onData: () => this.log.push('data'),
        onClose: () => this.log.push('closed'),
      },
    );
    return channel;
  }

  async run(): Promise<void> {
    this.pair.run(1000);
    for (let i = 0; i < 8; i += 1) await Promise.resolve();
    this.pair.run(1000);
  }
}

test('ids are given that the router knows already, and are good until the channel is closed', async () => {
  const world = new World();
  const channel = world.open({ count: 4 });
  await world.run();
  expect(world.log).toEqual(['accepted']);
  expect(world.routes).toHaveLength(4);
  expect(new Set(world.routes)).toEqual(world.known);
  channel.end();
  await world.run();
  expect(world.log).toEqual(['accepted', 'closed']);
  expect(world.known.size).toBe(0);
});

test('64 are good at a time, and no more; what is given back can be had again', async () => {
  const world = new World();
  const channels = Array.from({ length: 8 }, () => world.open({ count: 8 }));
  await world.run();
  expect(world.known.size).toBe(64);
  world.open({ count: 1 });
  await world.run();
  expect(world.log.at(-2)).toBe('refused 2 64 of 64 routes are given out');
  channels[0]?.reset();
  await world.run();
  world.open({ count: 8 });
  await world.run();
  expect(world.known.size).toBe(64);
});

test('where the router takes none the channel is refused, and nothing is counted', async () => {
  const world = new World();
  world.answer = () => Promise.reject(new EtError('ET_ERR_STATE', 'the router is away'));
  for (let i = 0; i < 20; i += 1) {
    world.open({ count: 8 });
    await world.run();
  }
  expect(new Set(world.log)).toEqual(new Set(['refused 8 the router is away', 'closed']));
  world.answer = () => Promise.resolve();
  world.open({ count: 8 });
  await world.run();
  expect(world.log.at(-1)).toBe('accepted');
});

test('what was asked for by who is gone by now is taken back', async () => {
  const world = new World();
  let answer = (): void => undefined;
  world.answer = () =>
    new Promise((resolve) => {
      answer = resolve;
    });
  const channel = world.open({ count: 8 });
  await world.run();
  channel.reset();
  await world.run();
  answer();
  await world.run();
  expect(world.known.size).toBe(0);
  expect(world.log).toEqual(['closed']);
});

test.each([{}, { count: 0 }, { count: 9 }, { count: 1.5 }, { count: '4' }])(
  'metadata %j is a violation',
  async (metadata) => {
    const world = new World();
    world.open(metadata);
    await world.run();
    expect(world.log).toEqual(['refused 4 ET_ERR_CHANNEL_METADATA', 'closed']);
  },
);

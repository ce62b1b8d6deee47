import { expect, test } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { NetworkRoutes, networkOf } from '../../src/etclient/network-routes.ts';
import { type JsonObject, REASON } from '../../src/wire/messages.ts';
import { MuxPair } from '../mux/mux-pair.ts';

const FIRST = new Uint8Array(16).fill(0xff);

/** A client that is now on one network and now on another, and a server that gives ids 01.., 02.., and so on. */
class World {
  readonly pair = new MuxPair();
  network = 'home';
  given = 0;
  /** Ids whose channel is open. */
  readonly good = new Set<string>();
  readonly asked: JsonObject[] = [];
  refusal: number | undefined;
  readonly routes = new NetworkRoutes(FIRST, () => this.network);

  constructor() {
    this.pair.onServerOpen = (incoming) => {
      this.asked.push(incoming.metadata);
      if (this.refusal !== undefined) {
        incoming.refuse(this.refusal, '');
        return;
      }
      const ids = Array.from({ length: 4 }, () => {
        this.given += 1;
        return toHex(new Uint8Array(16).fill(this.given));
      });
      for (const id of ids) this.good.add(id);
      incoming.accept(
        { routes: ids },
        {
          onData: () => undefined,
          onClose: () => {
            for (const id of ids) this.good.delete(id);
          },
        },
        { priority: 'interactive' },
      );
    };
  }

  /** What a hello on this network would carry. */
  on(network: string): string {
    this.network = network;
    return toHex(this.routes.current());
  }

  /** A link joins. */
  up(): void {
    this.routes.refill(this.pair.client);
    this.pair.run(1000);
  }
}

test('the first network keeps the id of the bootstrap, each other one has its own', () => {
  const world = new World();
  world.up();
  const ids = ['home', 'train', 'office', 'home', 'train'].map((network) => world.on(network));
  expect(new Set(ids.slice(0, 3)).size).toBe(3);
  expect(ids[0]).toBe(toHex(FIRST));
  expect(ids.slice(3)).toEqual(ids.slice(0, 2));
});

test('four are asked for at first, and four more once they are used up', () => {
  const world = new World();
  for (let i = 0; i < 3; i += 1) world.up();
  expect(world.asked).toEqual([{ count: 4 }]);
  for (const network of ['a', 'b', 'c', 'd']) world.on(network);
  world.up();
  world.up();
  expect(world.asked).toEqual([{ count: 4 }, { count: 4 }]);
});

test('as they are used more are asked for over whatever link there is, with none lost', () => {
  const world = new World();
  world.up();
  const ids = new Set<string>();
  for (let i = 0; i < 100; i += 1) {
    ids.add(world.on(`network ${i}`));
    // What comes after the hello takes a while, and the way there and back.
    world.pair.run(1000);
    expect(world.on(`network ${i}`)).not.toBe(toHex(FIRST));
  }
  expect(ids.size).toBe(100);
  // Half of a batch is always at hand, and no more is asked for than is used.
  expect(world.given).toBeLessThanOrEqual(104);
  expect(world.good.size).toBeLessThanOrEqual(32);
});

test('a question that cannot be asked is no reason not to dial', () => {
  const world = new World();
  world.pair.client.close();
  expect(() => world.routes.refill(world.pair.client)).not.toThrow();
  expect(world.on('train')).toBe(toHex(FIRST));
});

test('without a fresh one the first serves, and is not kept for that network', () => {
  const world = new World();
  expect(world.on('train')).toBe(toHex(FIRST));
  world.up();
  expect(world.on('train')).not.toBe(toHex(FIRST));
});

test('over hundreds of networks the server keeps at most 32, and each in use is good', () => {
  const world = new World();
  const seen = new Set<string>();
  for (let i = 0; i < 240; i += 1) {
    world.up();
    const id = world.on(`network ${i}`);
    world.up();
    expect(seen.has(id)).toBe(false);
    seen.add(id);
    expect(world.good.has(id)).toBe(true);
    expect(world.good.size).toBeLessThanOrEqual(32);
    expect(world.on(`network ${i}`)).toBe(id);
  }
  // What was given back is good no more: who returns there has another one.
  const again = world.on('network 0');
  expect(world.good.has(again)).toBe(true);
  expect(seen.has(again)).toBe(false);
});

test('where there is no router it is asked once; where the router is away, again', () => {
  for (const [refusal, count] of [
    [REASON.notFound, 1],
    [REASON.unknownKind, 1],
    [REASON.failed, 3],
  ] as const) {
    const world = new World();
    world.refusal = refusal;
    for (let i = 0; i < 3; i += 1) world.up();
    expect(world.asked).toHaveLength(count);
    expect(world.on('train')).toBe(toHex(FIRST));
  }
});

test('a network is the set of addresses that others see, in whatever order they are listed', () => {
  const entry = (address: string, internal = false) => ({ address, internal });
  const one = networkOf({
    lo: [entry('127.0.0.1', true)],
    a: [entry('10.0.0.2'), entry('fe80::1')],
  });
  const same = networkOf({ b: [entry('fe80::1')], a: [entry('10.0.0.2')] });
  const other = networkOf({ a: [entry('10.0.0.3'), entry('fe80::1')] });
  expect(one).toBe(same);
  expect(one).not.toBe(other);
  expect(networkOf({ lo: [entry('127.0.0.1', true)], x: undefined })).toBe('');
});

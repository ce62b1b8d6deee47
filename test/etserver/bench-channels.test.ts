import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import { EtError } from '../../src/base/errors.ts';
import {
  BenchChannels,
  MAX_BENCH_BYTES,
  MAX_BENCH_CHANNELS,
} from '../../src/etserver/bench-channels.ts';
import type { Channel } from '../../src/mux/channel.ts';
import type { JsonObject } from '../../src/wire/messages.ts';
import { REASON } from '../../src/wire/messages.ts';
import { MuxPair } from '../mux/mux-pair.ts';

/** A server that only measures, and what a client hears of it. */
class World {
  readonly pair = new MuxPair();
  readonly log: string[] = [];
  readonly pieces: Uint8Array[] = [];
  /** A client that does not read gives no credit. */
  isReading = true;

  constructor() {
    const benches = new BenchChannels();
    this.pair.onServerOpen = (incoming) => {
      try {
        benches.open(incoming);
      } catch (error) {
        if (!(error instanceof EtError)) throw error;
        incoming.refuse(REASON.protocol, error.code);
      }
    };
  }

  get received(): Uint8Array {
    return concatBytes(this.pieces);
  }

  open(metadata: JsonObject): Channel {
    const channel: Channel = this.pair.client.open(
      { kind: 'bench', metadata, stream: 1, priority: 'bulk' },
      {
        onAccept: () => this.log.push('accepted'),
        onRefuse: (_error, { code, text }) => this.log.push(`refused ${code} ${text}`),
        onReset: (_error, { code }) => this.log.push(`reset ${code}`),
        onData: (bytes) => {
          this.pieces.push(bytes.slice());
          if (this.isReading) channel.consumed(bytes.length);
        },
        onNote: (body) => this.log.push(JSON.stringify(body)),
        onEof: () => this.log.push('EOF'),
        onClose: () => this.log.push('closed'),
      },
    );
    return channel;
  }
}

test('echo gives every byte back in order, and ends after its client', () => {
  const world = new World();
  const channel = world.open({ do: 'echo' });
  const sent = Uint8Array.from({ length: 300_000 }, (_, at) => at % 251);
  channel.write(sent);
  world.pair.run(10_000);
  expect(world.log).toEqual(['accepted']);
  channel.end();
  world.pair.run(10_000);
  expect(world.received).toEqual(sent);
  expect(world.log).toEqual(['accepted', 'EOF', 'closed']);
  expect(world.pair.clock.pending).toBe(0);
});

test('echo takes little from a client that does not take its answers', () => {
  const world = new World();
  world.isReading = false;
  const channel = world.open({ do: 'echo' });
  channel.write(new Uint8Array(4_000_000));
  world.pair.run();
  // What the client's window takes, what waits for it, and what the server's window takes.
  expect(4_000_000 - channel.bufferedBytes).toBeLessThan(4 * 65_536);
  channel.consumed(world.received.length);
  world.isReading = true;
  world.pair.run();
  expect(world.received.length).toBe(4_000_000);
});

test.each([0, 1, 65_535, 65_536, 65_537, 5_000_000])(
  'send sends %i bytes, and not one more',
  (bytes) => {
    const world = new World();
    world.open({ do: 'send', bytes }).end();
    world.pair.run();
    expect(world.received.length).toBe(bytes);
    expect(world.log).toEqual(['accepted', 'EOF', 'closed']);
  },
);

test('what is asked for is made as it is taken, however much it is', () => {
  const world = new World();
  world.isReading = false;
  const channel = world.open({ do: 'send', bytes: MAX_BENCH_BYTES });
  world.pair.run();
  expect(world.received.length).toBe(65_536);
  expect(world.pair.server.bufferedBytes).toBeLessThan(400_000);
  channel.reset(REASON.cancelled);
  world.pair.run();
  expect(world.pair.server.bufferedBytes).toBe(0);
});

test('what a client says while it is sent to is ignored', () => {
  const world = new World();
  const channel = world.open({ do: 'send', bytes: 3 });
  channel.write(new Uint8Array(1_000_000));
  channel.note({ received: 7 });
  channel.end();
  world.pair.run();
  expect(world.log).toEqual(['accepted', 'EOF', 'closed']);
});

test('receive counts what has come when no more does', () => {
  const world = new World();
  const channel = world.open({ do: 'receive' });
  channel.write(new Uint8Array(3_000_000));
  world.pair.run();
  expect(world.log).toEqual(['accepted']);
  channel.write(new Uint8Array(1));
  channel.end();
  world.pair.run();
  expect(world.log).toEqual(['accepted', '{"received":3000001}', 'EOF', 'closed']);
});

test('so many at a time are served, one more is refused, and one that has ended makes room', () => {
  const world = new World();
  const open = Array.from({ length: MAX_BENCH_CHANNELS }, () => world.open({ do: 'receive' }));
  world.open({ do: 'echo' });
  world.pair.run();
  const text = `${MAX_BENCH_CHANNELS} channels measure already`;
  expect(world.log.slice(-2)).toEqual([`refused ${REASON.limit} ${text}`, 'closed']);
  open[0]?.reset();
  world.pair.run();
  world.open({ do: 'echo' });
  world.pair.run();
  expect(world.log.at(-1)).toBe('accepted');
});

test.each<JsonObject>([
  {},
  { do: 'shell' },
  { do: 'toString' },
  { do: ['echo'] },
  { do: 'send' },
  { do: 'send', bytes: -1 },
  { do: 'send', bytes: 0.5 },
  { do: 'send', bytes: '5' },
  { do: 'send', bytes: MAX_BENCH_BYTES + 1 },
])('%j is refused with code 4', (metadata) => {
  const world = new World();
  world.open(metadata);
  world.pair.run();
  expect(world.log).toEqual([`refused ${REASON.protocol} ET_ERR_CHANNEL_METADATA`, 'closed']);
});

test('metadata of any shape is served or refused, and leaves the session as it was', () => {
  const value = fc.oneof(fc.jsonValue(), fc.integer(), fc.constantFrom('echo', 'send', 'receive'));
  const member = fc.oneof(fc.constantFrom('do', 'bytes'), fc.string({ maxLength: 5 }));
  fc.assert(
    fc.property(fc.dictionary(member, value, { maxKeys: 3 }), (metadata) => {
      const world = new World();
      world.isReading = false;
      const channel = world.open(metadata);
      world.pair.run();
      const { do: what, bytes } = metadata as { do?: unknown; bytes?: unknown };
      const isCount = Number.isInteger(bytes) && (bytes as number) >= 0;
      const isServed = what === 'echo' || what === 'receive' || (what === 'send' && isCount);
      expect(world.log[0]).toBe(isServed ? 'accepted' : 'refused 4 ET_ERR_CHANNEL_METADATA');
      channel.reset();
      world.pair.run();
      world.log.length = 0;
      world.open({ do: 'echo' });
      world.pair.run();
      expect(world.log).toEqual(['accepted']);
    }),
    { numRuns: 300 },
  );
});

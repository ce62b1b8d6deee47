import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes, copyOf } from '../../src/base/bytes.ts';
import { encodeEarlyDatagram } from '../../src/forward/early-datagrams.ts';
import { ForwardCounters } from '../../src/forward/forward-counters.ts';
import { MAX_UDP_IDLE_MS, TARGET_IDLE_MS } from '../../src/forward/udp-limits.ts';
import { UdpTarget } from '../../src/forward/udp-target.ts';
import type { Channel } from '../../src/mux/channel.ts';
import { ChannelLog } from '../mux/channel-log.ts';
import { MuxPair } from '../mux/mux-pair.ts';

/** The target's end of a flow on the server of a mux pair, with a socket that writes down what it is given. */
class TargetWorld {
  readonly pair: MuxPair = new MuxPair();
  readonly counters: ForwardCounters = new ForwardCounters();
  readonly sent: Uint8Array[] = [];
  readonly log: ChannelLog = new ChannelLog();
  readonly near: Channel;
  isClosed = false;
  overCount = 0;
  flow: UdpTarget | undefined;

  constructor(early: readonly Uint8Array[] = []) {
    this.pair.onServerOpen = (incoming) => {
      const target = { kind: 'tcp', host: 'db', port: 53 } as const;
      const flow = new UdpTarget(target, this.pair.clock, this.counters, () => {
        this.overCount += 1;
      });
      const socket = {
        send: (bytes: Uint8Array) => this.sent.push(copyOf(bytes)),
        close: () => {
          this.isClosed = true;
        },
      };
      flow.start(incoming.accept({}, flow, { priority: 'forward' }), socket);
      this.flow = flow;
    };
    this.near = this.pair.client.open(
      { kind: 'udp', metadata: {}, stream: 1, priority: 'forward' },
      this.log,
    );
    for (const bytes of early) this.near.write(bytes);
    this.pair.run();
  }

  /** Nothing is left of it. */
  get isGone(): boolean {
    const { open } = this.counters;
    return this.isClosed && this.overCount === 1 && open === 0 && this.pair.clock.pending === 0;
  }

  carry(): void {
    const { client, server } = this.pair;
    for (let piece = client.takeDatagram(1200); piece; piece = client.takeDatagram(1200)) {
      server.receiveDatagram(piece.channel, piece.id, piece.index, piece.count, piece.bytes);
    }
  }
}

test('what came before the answer is sent first, then datagrams as they come', () => {
  const early = concatBytes([3, 0, 700].map((size) => encodeEarlyDatagram(new Uint8Array(size))));
  const world = new TargetWorld([early.subarray(0, 4), early.subarray(4)]);
  world.near.sendDatagram(new Uint8Array(0));
  world.near.sendDatagram(new Uint8Array(5000));
  world.carry();
  expect(world.sent.map(({ length }) => length)).toEqual([3, 0, 700, 0, 5000]);
  expect(world.counters).toMatchObject({ open: 1, bytesIn: 0, bytesOut: 5703, dropped: 0 });
  world.near.reset();
  world.pair.run();
  expect(world.isGone).toBe(true);
});

test('whatever bytes come as data, the flow goes on or is reset, and nothing is thrown', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 4000 }), { maxLength: 6 }),
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 4000 }), { maxLength: 4 }),
      (early, late) => {
        const world = new TargetWorld(early);
        for (const bytes of late) {
          world.near.write(bytes);
          world.pair.run();
        }
        const reset = world.log.lines.filter((line) => line.startsWith('reset'));
        const isReset = reset.length > 0;
        if (isReset) expect(reset).toEqual(['reset 4 DATA is no datagrams from before the answer']);
        const total = [...early, ...late].reduce((sum, { length }) => sum + length, 0);
        if (total > 8192) expect(isReset).toBe(true);
        world.near.reset();
        world.pair.run();
        expect(world.isGone).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

test('a flow that the other end has forgotten ends by itself, later than any the other end would end', () => {
  const world = new TargetWorld();
  world.pair.clock.advance(MAX_UDP_IDLE_MS);
  world.near.sendDatagram(new Uint8Array(1));
  world.carry();
  world.pair.clock.advance(TARGET_IDLE_MS - 1);
  expect(world.isClosed).toBe(false);
  world.flow?.receive(new Uint8Array(1));
  world.pair.clock.advance(TARGET_IDLE_MS);
  world.pair.run();
  expect(world.log.lines.at(-2)).toBe('reset 0 idle');
  expect(world.isGone).toBe(true);
});

test('a refusal is counted and told, at most once a second, and ends nothing', () => {
  const world = new TargetWorld();
  const refusal = Object.assign(new Error('recvmsg'), { code: 'ECONNREFUSED' });
  for (let i = 0; i < 25; i += 1) {
    world.flow?.lose(refusal);
    world.pair.clock.advance(100);
  }
  world.pair.run();
  const notes = world.log.lines.filter((line) => line.startsWith('note'));
  expect(notes).toEqual(Array(3).fill('note {"error":"connection refused by db:53"} at 0'));
  expect(world.counters).toMatchObject({ open: 1, dropped: 25 });
  world.flow?.end('over');
  world.pair.run();
  expect(world.log.lines.at(-2)).toBe('reset 9 over');
  expect(world.isGone).toBe(true);
});

test('EOF is answered by EOF, and what the mux drops of the replies is counted', () => {
  const world = new TargetWorld();
  for (let i = 0; i < 70; i += 1) world.flow?.receive(new Uint8Array(2));
  expect(world.counters).toMatchObject({ bytesIn: 140, dropped: 6 });
  world.near.end();
  world.pair.run();
  expect(world.log.lines.slice(-2)).toEqual(['eof at 0', 'close']);
  expect(world.isGone).toBe(true);
});

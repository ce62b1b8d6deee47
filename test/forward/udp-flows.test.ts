import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import { EarlyDatagrams } from '../../src/forward/early-datagrams.ts';
import { MAX_FORWARD_FLOWS } from '../../src/forward/udp-limits.ts';
import { type FarFlow, UdpPair } from './udp-pair.ts';

const MINUTE_MS = 60_000;

/** The sizes of what came before and after the answer. */
function sizesAt(flow: FarFlow | undefined): readonly number[][] {
  const early = new EarlyDatagrams().push(concatBytes(flow?.early ?? []));
  return [early ?? [], flow?.datagrams ?? []].map((list) => list.map(({ length }) => length));
}

function far(world: UdpPair, index: number): FarFlow {
  const flow = world.far[index];
  if (flow === undefined) throw new Error(`no flow ${index}`);
  return flow;
}

test('each source is a flow of its own, and replies find their source', () => {
  const world = new UdpPair();
  world.pass('a', 10);
  world.pass('b', 20);
  world.pass('a', 30);
  expect(world.far.map(({ incoming }) => incoming.metadata['from'])).toEqual(['a', 'b']);
  expect([sizesAt(world.far[0]), sizesAt(world.far[1])]).toEqual([
    [[10], [30]],
    [[20], []],
  ]);
  far(world, 1).channel?.sendDatagram(new Uint8Array(5));
  far(world, 0).channel?.sendDatagram(new Uint8Array(6));
  world.run();
  expect(world.replies.sort()).toEqual(['a 6', 'b 5']);
  const { bytesIn, bytesOut } = world.counters;
  expect([bytesIn, bytesOut, ...world.numbers]).toEqual([11, 60, 2, 0, 0, 0, 0]);
  world.flows.close('');
  expect([world.pair.clock.pending, ...world.numbers]).toEqual([0, 0, 0, 0, 0, 0]);
});

test('boundaries stay, early and late: datagrams of 0 to 65,507 bytes', () => {
  const sizes = [0, 1, 1200, 1472, 9000, 65_507];
  for (const size of sizes) {
    const world = new UdpPair();
    world.pass('a', size);
    world.pass('a', size);
    const [early, late] = sizesAt(world.far[0]);
    expect([...(early ?? []), ...(late ?? [])]).toEqual([size, size]);
    far(world, 0).channel?.sendDatagram(new Uint8Array(size));
    world.run();
    expect(world.replies).toEqual([`a ${size}`]);
    world.flows.close('');
  }
});

test('before the answer 8 KiB go at once, 64 KiB wait, in order, and the oldest of those are dropped and counted', () => {
  const world = new UdpPair();
  world.onAsked = () => undefined;
  for (let i = 0; i < 8; i += 1) world.pass('a', 1000 + i);
  // Too much for what is left of the 8 KiB; a small one must not overtake it.
  world.pass('a', 1500);
  world.pass('a', 10);
  for (let i = 0; i < 7; i += 1) world.pass('a', 9000 + i);
  expect(world.numbers).toEqual([0, 1, 0, 0, 0]);
  world.pass('a', 2000);
  expect(world.numbers).toEqual([0, 1, 0, 1, 0]);
  far(world, 0).accept();
  world.run();
  expect(sizesAt(world.far[0])).toEqual([
    // Once the one before it was dropped, it found room.
    [1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 10],
    [9000, 9001, 9002, 9003, 9004, 9005, 9006, 2000],
  ]);
  expect(world.numbers).toEqual([1, 0, 0, 1, 0]);
  world.flows.close('');
});

test('8 KiB of early data are used up to the last byte, and not beyond', () => {
  const world = new UdpPair();
  world.send('a', 8190);
  world.send('a', 0);
  world.send('b', 8191);
  world.send('b', 3);
  world.run();
  expect(world.far.map(sizesAt)).toEqual([
    [[8190], [0]],
    [[], [8191, 3]],
  ]);
  world.flows.close('');
});

test('flows wait for a session, and are asked for when it comes', () => {
  const world = new UdpPair();
  world.flows.detach();
  world.send('a', 100);
  world.send('a', 200);
  expect(world.numbers).toEqual([0, 1, 0, 0, 0]);
  world.flows.attach(world.pair.client);
  world.run();
  expect(sizesAt(world.far[0])).toEqual([[100, 200], []]);
  world.flows.detach();
  expect([world.flows.count, world.pair.clock.pending, ...world.numbers]).toEqual([
    0, 0, 0, 0, 0, 0, 0,
  ]);
});

test('a flow ends when nothing has passed in either direction for as long as was said, and not before', () => {
  const world = new UdpPair();
  const { clock } = world.pair;
  world.pass('a', 1);
  clock.advance(MINUTE_MS - 1);
  far(world, 0).channel?.sendDatagram(new Uint8Array(1));
  world.run();
  clock.advance(MINUTE_MS - 1);
  world.pass('a', 1);
  clock.advance(MINUTE_MS - 1);
  world.run();
  expect(far(world, 0).lines).toEqual([]);
  clock.advance(1);
  world.run();
  expect(far(world, 0).lines).toEqual(['reset 0 idle', 'close']);
  expect([world.flows.count, clock.pending, ...world.numbers]).toEqual([0, 0, 0, 0, 0, 0, 0]);
  world.pass('a', 1);
  expect(world.far).toHaveLength(2);
  world.flows.close('');
});

test.each(['out', 'in'] as const)(
  'a flow that goes only %s lives for a day, and dies a minute after',
  (way) => {
    const world = new UdpPair();
    const { clock } = world.pair;
    world.pass('a', 1);
    for (let i = 0; i < 1440 * 2; i += 1) {
      clock.advance(MINUTE_MS / 2);
      if (way === 'out') world.pass('a', 1);
      else far(world, 0).channel?.sendDatagram(new Uint8Array(1));
      world.run();
    }
    expect([world.far.length, far(world, 0).lines]).toEqual([1, []]);
    clock.advance(MINUTE_MS);
    world.run();
    expect([far(world, 0).lines, clock.pending]).toEqual([['reset 0 idle', 'close'], 0]);
  },
);

test('a flow too many ends the one that was quiet the longest, and is counted', () => {
  const world = new UdpPair({ maxFlows: MAX_FORWARD_FLOWS });
  for (let i = 0; i < MAX_FORWARD_FLOWS; i += 1) {
    world.send(`s${i}`, 1);
    world.pair.clock.advance(1);
  }
  world.run();
  world.pass('s0', 1);
  far(world, 1).channel?.sendDatagram(new Uint8Array(1));
  world.run();
  world.pass('other', 1);
  expect(world.flows.count).toBe(MAX_FORWARD_FLOWS);
  expect(world.numbers).toEqual([MAX_FORWARD_FLOWS, 0, 0, 0, 1]);
  expect(world.counters.lastError).toContain('1024 flows are open');
  const ended = world.far.filter(({ lines }) => lines.length > 0);
  expect(ended.map(({ incoming }) => incoming.metadata['from'])).toEqual(['s2']);
  world.flows.close('');
  world.run();
  expect(world.pair.clock.pending).toBe(0);
});

test('a refused flow is told once, drops what comes for 5 s, and is then asked for again', () => {
  const world = new UdpPair();
  world.onAsked = ({ incoming }) => incoming.refuse(5, 'not among permit-open');
  world.pass('a', 1);
  expect([world.told, world.numbers]).toEqual([['not among permit-open'], [0, 0, 1, 0, 0]]);
  for (let i = 0; i < 49; i += 1) {
    world.pair.clock.advance(100);
    world.pass('a', 1);
  }
  expect([world.far.length, ...world.numbers]).toEqual([1, 0, 0, 1, 49, 0]);
  world.pair.clock.advance(100);
  world.pass('a', 1);
  expect([world.far.length, ...world.numbers]).toEqual([2, 0, 0, 2, 49, 0]);
  world.pair.clock.advance(2 * MINUTE_MS);
  expect([world.flows.count, world.pair.clock.pending]).toEqual([0, 0]);
});

test('what waits for a flow that is refused is dropped and counted', () => {
  const world = new UdpPair();
  world.onAsked = () => undefined;
  world.pass('a', 9000);
  world.pass('a', 9000);
  far(world, 0).incoming.refuse(6, 'cannot resolve db');
  world.run();
  expect(world.numbers).toEqual([0, 0, 1, 2, 0]);
  world.flows.close('');
  expect([world.flows.count, ...world.numbers]).toEqual([0, 0, 0, 1, 2, 0]);
});

test('what the mux drops is counted with its flow', () => {
  const world = new UdpPair();
  world.pass('a', 1);
  for (let i = 0; i < 70; i += 1) world.send('a', 10);
  expect(world.counters.dropped).toBe(6);
  world.pair.clock.advance(2001);
  world.pass('a', 10);
  far(world, 0).channel?.sendDatagram(new Uint8Array(1));
  world.pass('a', 10);
  expect(world.counters.dropped).toBe(70);
  expect(far(world, 0).datagrams).toHaveLength(2);
  world.flows.close('');
});

test('when the far end ends a flow, or the session ends, nothing of it is left, and the next datagram begins another', () => {
  const world = new UdpPair();
  world.pass('a', 1);
  far(world, 0).channel?.reset(8, 'it fell over');
  world.run();
  expect([world.flows.count, world.counters.lastError]).toEqual([0, 'it fell over']);
  world.pass('a', 1);
  far(world, 1).channel?.reset(0, 'idle');
  world.run();
  expect([world.flows.count, world.counters.lastError]).toEqual([0, 'it fell over']);
  world.pass('a', 1);
  far(world, 2).channel?.end();
  world.run();
  expect([world.flows.count, far(world, 2).lines]).toEqual([0, ['close']]);
  world.pass('a', 1);
  world.pair.client.close();
  expect([world.flows.count, world.pair.clock.pending, ...world.numbers]).toEqual([
    0, 0, 0, 0, 0, 0, 0,
  ]);
  world.pass('a', 1);
  expect(world.numbers).toEqual([0, 0, 1, 1, 0]);
  world.flows.close('');
});

test('what the far end says of its target is the last error; DATA of it breaks the flow', () => {
  const world = new UdpPair();
  world.pass('a', 1);
  const { channel } = far(world, 0);
  channel?.note({ error: 'connection refused by db:53' });
  channel?.note({ error: 7 });
  world.run();
  expect(world.counters.lastError).toBe('connection refused by db:53');
  channel?.write(Uint8Array.of(1));
  world.run();
  expect(far(world, 0).lines).toEqual(['reset 4 DATA in a flow of datagrams', 'close']);
  expect([world.flows.count, world.pair.clock.pending]).toEqual([0, 0]);
});

interface Step {
  readonly what: keyof typeof STEPS;
  readonly source: string;
  readonly size: number;
  readonly pick: number;
}

/** What may happen; `flow` is one that was asked for, if there is any. */
const STEPS = {
  send: (world: UdpPair, { source, size }: Step) => world.send(source, size),
  reply: (_world: UdpPair, { size }: Step, flow?: FarFlow) =>
    flow?.channel?.sendDatagram(new Uint8Array(size)),
  accept: (_world: UdpPair, _step: Step, flow?: FarFlow) => {
    if (flow?.isUnanswered === true) flow.accept();
  },
  refuse: (_world: UdpPair, _step: Step, flow?: FarFlow) => {
    if (flow?.isUnanswered === true) flow.refuse();
  },
  reset: (_world: UdpPair, _step: Step, flow?: FarFlow) => flow?.channel?.reset(8, 'broken'),
  wait: (world: UdpPair, { pick }: Step) => world.pair.clock.advance(pick * 5000),
  detach: (world: UdpPair) => {
    world.flows.detach();
    world.flows.attach(world.pair.client);
  },
  run: (world: UdpPair) => world.run(),
} as const;

const anyStep: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom(...(Object.keys(STEPS) as (keyof typeof STEPS)[])),
  source: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  size: fc.constantFrom(0, 1, 100, 5000, 65_507),
  pick: fc.nat(20),
});

test('whatever happens in whatever order, counters and timers end at nothing', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      const world = new UdpPair();
      world.onAsked = () => undefined;
      for (const step of steps) {
        STEPS[step.what](world, step, world.far[step.pick % Math.max(1, world.far.length)]);
        const { open, waiting } = world.counters;
        expect(open + waiting).toBeLessThanOrEqual(world.flows.count);
        expect(Math.min(open, waiting)).toBeGreaterThanOrEqual(0);
        expect(world.flows.count).toBeLessThanOrEqual(4);
      }
      world.flows.close('');
      world.run();
      world.pair.client.close();
      world.pair.server.close();
      world.pair.clock.advance(0);
      const { open, waiting } = world.counters;
      expect([world.flows.count, open, waiting, world.pair.clock.pending]).toEqual([0, 0, 0, 0]);
    }),
    { numRuns: 300 },
  );
});

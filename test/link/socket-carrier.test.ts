import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { Carrier } from '../../src/link/carrier.ts';
import { CLOSE_GRACE_MS } from '../../src/link/socket-carrier.ts';
import { SocketFactory } from '../../src/link/socket-factory.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { CarrierLog, patternAt } from './carrier-conformance.ts';
import { turnUntil } from './real-time.ts';

const OPTIONS = { label: 'tcp test', localAddress: undefined, isResettable: true };

/** A carrier made of an accepted socket, in virtual time, and the bare socket it talks to. */
async function carrierAndPeer(
  factory?: SocketFactory,
  sentBeforehand?: Uint8Array,
): Promise<{ clock: VirtualClock; carrier: Carrier; peer: Socket; accepted: Socket }> {
  const clock = new VirtualClock();
  const sockets = factory ?? new SocketFactory(clock);
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const peer = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  peer.on('error', () => undefined);
  const [accepted] = (await once(server, 'connection')) as [Socket];
  if (sentBeforehand !== undefined) {
    await new Promise<void>((resolve) => peer.write(sentBeforehand, () => resolve()));
  }
  const carrier = sockets.accepted(accepted, OPTIONS);
  const serverClosed = once(server, 'close');
  server.close();
  // The socket that was taken apart is no longer counted, or this would never come.
  await serverClosed;
  onTestFinished(() => {
    carrier.reset();
    peer.destroy();
  });
  return { clock, carrier, peer, accepted };
}

/** The peer resets, and the carrier goes on writing. */
async function writeToNobody(carrier: Carrier, peer: Socket): Promise<void> {
  peer.resetAndDestroy();
  let turns = 100;
  await turnUntil(() => {
    carrier.write([patternAt(0, 100)]);
    turns -= 1;
    return turns === 0;
  });
}

test('bytes that arrived before the socket was rebuilt are not lost', async () => {
  const { clock, carrier, accepted } = await carrierAndPeer(undefined, patternAt(0, 60_000));
  expect(accepted.destroyed).toBe(true);
  const log = new CarrierLog();
  carrier.start(log);
  await turnUntil(() => log.receivedBytes >= 60_000);
  expect(log).toMatchObject({ receivedBytes: 60_000, wrongAt: undefined, closed: 'no' });
  expect(clock.pending).toBe(0);
});

test('many carriers share one read buffer without mixing their bytes', async () => {
  const factory = new SocketFactory(new VirtualClock(), 5000);
  const pairs = await Promise.all(Array.from({ length: 8 }, () => carrierAndPeer(factory)));
  const buffers = new Set<ArrayBufferLike>();
  const logs = pairs.map(({ carrier }) => {
    const log = new CarrierLog();
    carrier.start({
      onBytes: (bytes) => {
        buffers.add(bytes.buffer);
        log.onBytes(bytes);
      },
      onClose: (error) => log.onClose(error),
    });
    return log;
  });
  for (let at = 0; at < 400_000; at += 40_000) {
    for (const { peer } of pairs) peer.write(patternAt(at, 40_000));
  }
  await turnUntil(() => logs.every(({ receivedBytes }) => receivedBytes >= 400_000));
  expect(logs.map(({ wrongAt }) => wrongAt)).toEqual(logs.map(() => undefined));
  expect(buffers.size).toBe(1);
});

test('a reset reaches the peer as one, and drops what was queued', async () => {
  const { carrier, peer } = await carrierAndPeer();
  for (let i = 0; i < 100; i += 1) carrier.write([patternAt(0, 200_000)]);
  expect(carrier.queuedBytes).toBeGreaterThan(0);
  carrier.reset();
  let received = 0;
  peer.on('data', (bytes) => {
    received += bytes.length;
  });
  const [error] = await once(peer, 'error');
  expect(error).toMatchObject({ code: 'ECONNRESET' });
  expect(received).toBeLessThan(20_000_000);
});

test('a peer that resets is an error with the cause', async () => {
  const { carrier, peer } = await carrierAndPeer();
  const log = new CarrierLog();
  carrier.start(log);
  peer.resetAndDestroy();
  await turnUntil(() => log.closed !== 'no');
  expect(log.closed).toMatchObject({
    code: 'ET_ERR_CARRIER',
    message: 'tcp test: read ECONNRESET',
    cause: { code: 'ECONNRESET' },
  });
});

test('what a peer said before it went is read, though it takes nothing more', async () => {
  const { clock, carrier, peer } = await carrierAndPeer();
  const log = new CarrierLog();
  carrier.start(log);
  // It goes with bytes that it has not read, upon which the kernel resets.
  await new Promise<void>((resolve) => peer.write(patternAt(0, 100), () => resolve()));
  carrier.write([patternAt(0, 1000)]);
  peer.write(patternAt(100, 4900));
  peer.destroy();
  for (let round = 0; round < 10; round += 1) carrier.write([patternAt(0, 10), patternAt(10, 10)]);
  expect(log.closed).toBe('no');
  await turnUntil(() => log.closed !== 'no');
  expect(log).toMatchObject({ receivedBytes: 5000, wrongAt: undefined, eventsAfterClose: 0 });
  expect(log.closed).toMatchObject({ code: 'ET_ERR_CARRIER' });
  expect(clock.pending).toBe(0);
});

test('a failure before start waits for start', async () => {
  const { clock, carrier, peer } = await carrierAndPeer();
  await writeToNobody(carrier, peer);
  const log = new CarrierLog();
  carrier.start(log);
  expect(log.closed).toBe('no');
  await turnUntil(() => log.closed !== 'no');
  expect(log.closed).toMatchObject({ code: 'ET_ERR_CARRIER', cause: { code: 'ECONNRESET' } });
  expect(clock.pending).toBe(0);
});

test('a peer that takes nothing, and says nothing either, is given up after the grace', async () => {
  const { clock, carrier, peer } = await carrierAndPeer();
  await writeToNobody(carrier, peer);
  clock.advance(CLOSE_GRACE_MS);
  const log = new CarrierLog();
  carrier.start(log);
  expect([log.closed, clock.pending]).toEqual(['no', 1]);
  clock.advance(0);
  expect(log.closed).toMatchObject({ code: 'ET_ERR_CARRIER' });
});

test('a closed carrier whose peer does not end is cut after the grace', async () => {
  const { clock, carrier, peer } = await carrierAndPeer();
  carrier.write([patternAt(0, 1000)]);
  carrier.close();
  peer.resume();
  await once(peer, 'end');
  clock.advance(CLOSE_GRACE_MS - 1);
  for (let i = 0; i < 20; i += 1) await turnUntil(() => true);
  expect(peer.destroyed).toBe(false);
  clock.advance(1);
  expect(clock.pending).toBe(0);
  // Nothing more comes than the reset, which only a write or read shows.
  await turnUntil(() => {
    peer.write('x');
    return peer.destroyed;
  });
});

test('while a closed carrier still gets rid of bytes, it is let go on', async () => {
  const { clock, carrier, peer } = await carrierAndPeer();
  // Each is one system write, and more than the kernel takes before the peer reads.
  const batchBytes = 20_000_000;
  for (let i = 0; i < 2; i += 1) carrier.write([new Uint8Array(batchBytes)]);
  carrier.close();
  for (const leftBytes of [batchBytes, 0]) {
    peer.resume();
    await turnUntil(() => carrier.queuedBytes <= leftBytes);
    peer.pause();
    expect(carrier.queuedBytes).toBe(leftBytes);
    clock.advance(CLOSE_GRACE_MS);
    expect(clock.pending).toBe(1);
  }
  clock.advance(CLOSE_GRACE_MS);
  expect(clock.pending).toBe(0);
});

test('the grace ends with the peer: no timer is left', async () => {
  const { clock, carrier, peer } = await carrierAndPeer();
  carrier.close();
  peer.end();
  peer.resume();
  expect(clock.pending).toBe(1);
  await turnUntil(() => clock.pending === 0);
  expect(clock.now()).toBe(0);
});

test('reset right after close leaves no socket behind', async () => {
  const { clock, carrier, peer } = await carrierAndPeer();
  peer.resume();
  carrier.close();
  carrier.reset();
  expect(clock.pending).toBe(0);
  await turnUntil(() => {
    peer.write('x');
    return peer.destroyed;
  });
});

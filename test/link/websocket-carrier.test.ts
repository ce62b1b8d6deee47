import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { CLOSE_GRACE_MS } from '../../src/link/socket-carrier.ts';
import { WebSocketCarrier } from '../../src/link/websocket-carrier.ts';
import { WebSocketDuplex } from '../../src/link/websocket-duplex.ts';
import { MAX_WEBSOCKET_MESSAGE_BYTES, WEBSOCKET_OPTIONS } from '../../src/link/websocket-limits.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { CarrierLog, patternAt } from './carrier-conformance.ts';
import { turnUntil } from './real-time.ts';

/** Two joined WebSockets: the one that dialled is paused. */
async function webSockets(
  serverOptions: object = {},
): Promise<{ dialled: WebSocket; accepted: WebSocket }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...serverOptions });
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const incoming = once(server, 'connection');
  const options = { ...WEBSOCKET_OPTIONS, closeTimeout: 2 ** 31 - 1 };
  const dialled = new WebSocket(`ws://127.0.0.1:${port}`, options);
  dialled.once('open', () => dialled.pause());
  await once(dialled, 'open');
  const [accepted] = (await incoming) as [WebSocket];
  accepted.on('error', () => undefined);
  onTestFinished(() => {
    dialled.terminate();
    accepted.terminate();
    server.close();
  });
  return { dialled, accepted };
}

/** A carrier in virtual time, and the WebSocket that it talks to. */
async function carrierAndPeer(): Promise<{
  clock: VirtualClock;
  carrier: WebSocketCarrier;
  peer: WebSocket;
  webSocket: WebSocket;
}> {
  const { dialled, accepted } = await webSockets();
  const clock = new VirtualClock();
  const carrier = new WebSocketCarrier(dialled, clock, { label: 'ws', localAddress: undefined });
  return { clock, carrier, peer: accepted, webSocket: dialled };
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await turnUntil(() => true);
}

test('what is written leaves in binary messages of at most 64 KiB', async () => {
  const { carrier, peer } = await carrierAndPeer();
  const lengths: number[] = [];
  peer.on('message', (data: Buffer, isBinary) => lengths.push(isBinary ? data.length : -1));
  carrier.write([patternAt(0, 1), patternAt(1, 65_536), patternAt(65_537, 70_000)]);
  carrier.write([]);
  carrier.write([patternAt(0, 3)]);
  await turnUntil(() => lengths.length === 4);
  expect(lengths).toEqual([
    MAX_WEBSOCKET_MESSAGE_BYTES,
    MAX_WEBSOCKET_MESSAGE_BYTES,
    135_537 - 2 * MAX_WEBSOCKET_MESSAGE_BYTES,
    3,
  ]);
});

test('a ping is answered, also by a carrier that nobody writes to', async () => {
  const { carrier, peer } = await carrierAndPeer();
  carrier.start(new CarrierLog());
  const pong = once(peer, 'pong');
  peer.ping('anybody?');
  expect(String((await pong)[0])).toBe('anybody?');
});

test.each([
  ['text', (peer: WebSocket) => peer.send('text'), 'ws: a text message came'],
  ['code 1000', (peer: WebSocket) => peer.close(1000), 'ended'],
  ['a closing frame without a code', (peer: WebSocket) => peer.close(), 'ended'],
  [
    'code 1001',
    (peer: WebSocket) => peer.close(1001),
    'ws: closed by the other end with code 1001',
  ],
  ['a cut', (peer: WebSocket) => peer.terminate(), 'ws: ended without a closing frame'],
  [
    'a message that is too long',
    (peer: WebSocket) => peer.send(Buffer.alloc(MAX_WEBSOCKET_MESSAGE_BYTES + 1)),
    'ws: Max payload size exceeded',
  ],
])('%s ends the carrier, behind what came before it', async (_, end, closed) => {
  for (const isStartedFirst of [true, false]) {
    const { clock, carrier, peer } = await carrierAndPeer();
    const log = new CarrierLog();
    if (isStartedFirst) carrier.start(log);
    peer.send(patternAt(0, 1000));
    if (closed === 'ws: ended without a closing frame') await turns(50);
    end(peer);
    await turns(50);
    if (!isStartedFirst) carrier.start(log);
    await turnUntil(() => {
      clock.advance(0);
      return log.closed !== 'no';
    });
    const told = typeof log.closed === 'string' ? log.closed : log.closed.message;
    expect(told).toBe(closed);
    expect(log).toMatchObject({ receivedBytes: 1000, wrongAt: undefined, eventsAfterClose: 0 });
    expect(clock.pending).toBe(0);
  }
});

test('a closed carrier whose peer does not answer is cut after the grace', async () => {
  const { clock, carrier, peer, webSocket } = await carrierAndPeer();
  peer.pause();
  carrier.write([patternAt(0, 1000)]);
  carrier.close();
  clock.advance(CLOSE_GRACE_MS - 1);
  await turns(50);
  expect(webSocket.readyState).toBe(WebSocket.CLOSING);
  clock.advance(1);
  expect(clock.pending).toBe(0);
  await once(webSocket, 'close');
});

test('one that is closed before it was started reads the answer, and needs no grace', async () => {
  const { clock, carrier, peer, webSocket } = await carrierAndPeer();
  peer.send(patternAt(0, 200_000).subarray(0, 60_000));
  carrier.close();
  await once(webSocket, 'close');
  expect(clock.pending).toBe(0);
  expect(clock.now()).toBe(0);
});

test('while a closed carrier still gets rid of bytes, it is let go on', async () => {
  const { clock, carrier, peer, webSocket } = await carrierAndPeer();
  peer.pause();
  // Node hands on with one system write what has gathered during the one before it: each batch is more than the kernel takes.
  for (let batch = 0; batch < 2; batch += 1) {
    carrier.write([new Uint8Array(20_000_000)]);
    await turns(50);
  }
  carrier.close();
  const { queuedBytes } = carrier;
  peer.resume();
  await turnUntil(() => carrier.queuedBytes < queuedBytes);
  peer.pause();
  expect(carrier.queuedBytes).toBeGreaterThan(0);
  clock.advance(CLOSE_GRACE_MS);
  expect(clock.pending).toBe(1);
  expect(webSocket.readyState).toBe(WebSocket.CLOSING);
  peer.resume();
  await once(webSocket, 'close');
  expect(clock.pending).toBe(0);
});

test('the stream of a server whose peer does not answer its end is cut by the library', async () => {
  const { accepted } = await webSockets({ ...WEBSOCKET_OPTIONS, closeTimeout: 1 });
  const stream = new WebSocketDuplex(accepted);
  stream.end('bye');
  await turnUntil(() => stream.closed);
  expect(stream.readableEnded).toBe(false);
});

import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { routeIdOf } from '../../src/crypto/route-id.ts';
import type { HubPath } from '../../src/etserver/datagram-hub.ts';
import { DEFAULT_ROUTER_LIMITS } from '../../src/router/router-limits.ts';
import { type RunningRouter, runRouter } from '../../src/router/run-router.ts';
import { helloFor, type LocalServer, localServer } from '../support/local-servers.ts';
import { UdpPeer } from '../support/udp-peer.ts';
import { until } from '../support/until.ts';

const RECORD_BYTES = 200;

/** A session server that answers each datagram with its name and the number of its bytes. */
interface Answering extends LocalServer {
  readonly got: { readonly label: string; readonly bytes: number }[];
}

let directory: string;
let running: RunningRouter;
let servers: Answering[];
let peers: UdpPeer[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'everterm-router-'));
  servers = [];
  peers = [];
  await start(0);
});

afterEach(async () => {
  for (const { registration } of servers) registration.close();
  for (const each of peers) each.close();
  await running.close();
  rmSync(directory, { recursive: true });
});

async function start(port: number, hasUdp = true): Promise<void> {
  running = await runRouter({
    clock: new SystemClock(),
    random: systemRandom,
    logger: silentLogger,
    limits: DEFAULT_ROUTER_LIMITS,
    routeIdOf,
    reach: undefined,
    makeWebSockets: () => ({ take: () => undefined, close: () => undefined }),
    version: 'test',
    bind: [],
    port,
    hasUdp,
    interfaces: networkInterfaces,
    socket: join(directory, 'router.sock'),
    activated: { tcp: [], udp: [], registration: [] },
    ownUid: process.getuid?.() ?? 0,
    onLost: () => undefined,
  });
}

async function server(name: string): Promise<Answering> {
  const got: Answering['got'] = [];
  const made = await until(
    'a registration',
    () =>
      localServer(
        join(directory, 'router.sock'),
        () => undefined,
        (datagram, from: HubPath) => {
          got.push({ label: from.label, bytes: datagram.length });
          from.send([utf8(name), utf8(` ${datagram.length}`)]);
        },
      ),
    (found) => found !== undefined,
  );
  const answering = { ...(made as LocalServer), got };
  servers.push(answering);
  return answering;
}

async function peer(address?: string): Promise<UdpPeer> {
  const made = await UdpPeer.open(address);
  peers.push(made);
  return made;
}

function linkId(last: number): Uint8Array {
  return Uint8Array.of(0xc1, 2, 3, 4, 5, 6, 7, last);
}

function record(last: number): Uint8Array {
  return concatBytes([linkId(last), systemRandom.bytes(RECORD_BYTES - 8)]);
}

/** Says it until it is answered: the stream of the server may not be there yet. */
async function ask(own: UdpPeer, bytes: Uint8Array, address = '127.0.0.1'): Promise<string> {
  const before = own.received.length;
  const port = running.router.port;
  await until(
    'an answer',
    () => own.send(bytes, port, address),
    () => own.received.length > before,
  );
  const { bytes: answer, from } = own.received.at(-1) ?? { bytes: new Uint8Array(), from: '' };
  expect(from).toBe(`${address}:${port}`);
  return Buffer.from(answer).toString();
}

test('hellos reach the session server of their route and records that of their link, by whatever address, and the answers come back', async () => {
  const [one, two] = [await server('one'), await server('two')];
  const [here, there] = [await peer(), await peer()];
  expect(await ask(here, helloFor(one.routeId).subarray(0, 1200))).toBe('one 1200');
  expect(await ask(there, helloFor(two.routeId).subarray(0, 256))).toBe('two 256');
  one.registration.setLinkId(linkId(1), true);
  two.registration.setLinkId(linkId(2), true);
  expect(await ask(here, record(1))).toBe(`one ${RECORD_BYTES}`);
  expect(await ask(here, record(2))).toBe(`two ${RECORD_BYTES}`);
  // Moved.
  expect(await ask(there, record(1))).toBe(`one ${RECORD_BYTES}`);
  const labels = [here, there].map(({ port }) => `udp 127.0.0.1:${port} at 127.0.0.1`);
  expect([...new Set(one.got.map(({ label }) => label))]).toEqual(labels);
  expect(one.registration.udpPort).toBe(running.router.port);
});

test('it answers from the address that was asked, on each address of the machine', async () => {
  const one = await server('one');
  const addresses = Object.values(networkInterfaces())
    .flatMap((infos) => infos ?? [])
    .filter(({ family }) => family === 'IPv4')
    .map(({ address }) => address);
  const own = await peer('0.0.0.0');
  for (const address of addresses) {
    expect(await ask(own, helloFor(one.routeId), address)).toBe('one 1400');
  }
});

test('a router that comes again is told all links, and they go on', async () => {
  const one = await server('one');
  const own = await peer();
  one.registration.setLinkId(linkId(1), true);
  await ask(own, record(1));
  const { port } = running.router;
  for (let i = 0; i < 3; i += 1) {
    await running.close();
    await start(port);
    expect(await ask(own, record(1))).toBe(`one ${RECORD_BYTES}`);
  }
});

test('strangers get nothing, and leave nothing behind', async () => {
  const one = await server('one');
  const own = await peer();
  await ask(own, helloFor(one.routeId));
  const { addresses, toServers } = running.router.status.datagrams ?? {};
  const stranger = await peer();
  const kinds = [
    systemRandom.bytes(1200),
    helloFor(systemRandom.bytes(16)),
    record(9),
    helloFor(one.routeId).subarray(0, 100),
    new Uint8Array(0),
  ];
  for (let i = 0; i < 2000; i += 1)
    stranger.send(kinds[i % kinds.length] as Uint8Array, running.router.port);
  await until(
    'all of them',
    () => running.router.status.datagrams?.strange ?? 0,
    (count) => count >= 2000,
  );
  expect(await ask(own, helloFor(one.routeId))).toBe('one 1400');
  expect(stranger.received).toEqual([]);
  expect(running.router.status.datagrams).toMatchObject({ addresses, links: 0 });
  expect(one.got.length).toBeLessThanOrEqual((toServers ?? 0) + 5);
});

test('of a session server that is gone nothing is left', async () => {
  const one = await server('one');
  const own = await peer();
  one.registration.setLinkId(linkId(1), true);
  await ask(own, record(1));
  one.registration.close();
  await until(
    'a router without servers',
    () => running.router.status,
    ({ servers: count }) => count === 0,
  );
  expect(running.router.status.datagrams).toMatchObject({ addresses: 0, links: 0 });
});

test('without UDP it says so to session servers, and takes none', async () => {
  const { port } = running.router;
  await running.close();
  await start(port, false);
  const one = await server('one');
  expect(one.registration.udpPort).toBe(0);
  expect(running.router.status.datagrams).toBeUndefined();
  // The port is anybody's.
  const own = await peer();
  own.send(helloFor(one.routeId), port);
  expect(one.got).toEqual([]);
});

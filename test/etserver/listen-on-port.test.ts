import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { EtError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { listenOnPort, type OnPort } from '../../src/etserver/listen-on-port.ts';
import { SocketFactory } from '../../src/link/socket-factory.ts';
import { freePort } from '../support/free-port.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const ADDRESS = '127.0.0.3';

async function listen(first: number, last = first): Promise<OnPort> {
  const clock = new VirtualClock();
  const sockets = new SocketFactory(clock);
  const deps = { clock, random: systemRandom, sockets, interfaces: networkInterfaces };
  const silent = () => undefined;
  const events = { onCarrier: silent, onDatagram: silent, onTrouble: silent };
  return await listenOnPort(deps, ADDRESS, { first, last }, events);
}

async function close({ tcp, udp }: OnPort): Promise<void> {
  udp?.close();
  await tcp.close();
}

/** Two ports in a row that are free. */
async function twoPorts(): Promise<number> {
  for (;;) {
    const first = await freePort(ADDRESS);
    if (first === 65_535) continue;
    const probe = await listen(first, first + 1);
    await close(probe);
    if (probe.tcp.port === first) return first;
  }
}

async function takeUdp(port: number): Promise<{ close(): void }> {
  const socket = createSocket('udp4').bind(port, ADDRESS);
  await once(socket, 'listening');
  return socket;
}

test('TCP and UDP have one port, also where the system chooses it', async () => {
  for (const port of [0, await freePort(ADDRESS)]) {
    const on = await listen(port);
    expect(on.udp?.port).toBe(on.tcp.port);
    expect(on.tcp.port).toBeGreaterThan(0);
    await close(on);
  }
});

test('a port whose UDP somebody has, as mosh does, is passed over', async () => {
  const first = await twoPorts();
  const taken = await takeUdp(first);
  const on = await listen(first, first + 1);
  expect(on).toMatchObject({ tcp: { port: first + 1 }, udp: { port: first + 1 } });
  taken.close();
  await close(on);
});

test('where UDP is taken on every port of the range there is TCP alone', async () => {
  const first = await freePort(ADDRESS);
  const taken = await takeUdp(first);
  const on = await listen(first);
  expect(on.tcp.port).toBe(first);
  expect(on.udp).toBeUndefined();
  taken.close();
  await close(on);
});

test('where TCP is taken on every port there is nothing, and it says so', async () => {
  const server = createServer().listen(0, ADDRESS);
  await once(server, 'listening');
  const found = server.address();
  const port = typeof found === 'object' && found !== null ? found.port : 0;
  await expect(listen(port)).rejects.toBeInstanceOf(EtError);
  server.close();
});

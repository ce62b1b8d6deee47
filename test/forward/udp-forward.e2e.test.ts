import { afterEach, describe, expect, test } from 'vitest';
import type { ForwardSpec } from '../../src/forward/forward-spec.ts';
import { parseUdpForward } from '../../src/forward/parse-udp-forward.ts';
import type { Policy } from '../../src/forward/policy.ts';
import { pattern } from '../backed/stream-script.ts';
import { ForwardLab, soon } from './forward-lab.ts';
import { policyOf } from './policy-of.ts';
import { UdpPeer } from './udp-peer.ts';

const SIZES = [0, 1, 1200, 1472, 9000, 65_507];
const KINDS = ['udp', 'udp-reverse'] as const;

let open: { close(): void }[] = [];

function keep<T extends { close(): void }>(one: T): T {
  open.push(one);
  return one;
}

async function peer(...options: Parameters<typeof UdpPeer.bind>): Promise<UdpPeer> {
  return keep(await UdpPeer.bind(...options));
}

function lab(policy?: Policy, udpIdleMs?: number): ForwardLab {
  return keep(new ForwardLab(policy, udpIdleMs));
}

/** A forward from a port that the system chooses. */
function spec(kind: 'udp' | 'udp-reverse', target: string, bind = '127.0.0.1'): ForwardSpec {
  const parsed = parseUdpForward(`1:${target}`, kind, '-U');
  return { ...parsed, listen: { kind: 'tcp', bind, port: 0 } };
}

afterEach(() => {
  for (const one of open.reverse()) one.close();
  open = [];
});

describe.each(KINDS)('%s', (kind) => {
  test('datagrams of 0 to 65,507 bytes pass whole, and so do their replies', async () => {
    const echo = await peer('127.0.0.1', { echo: true });
    const world = lab();
    const port = await world.listening(spec(kind, `127.0.0.1:${echo.port}`));
    const client = await peer();
    for (const [i, size] of SIZES.entries()) {
      await client.send(pattern(size), port);
      await client.receives(i + 1);
    }
    expect(echo.received.map((one) => one.equals(pattern(one.length)))).toEqual(
      SIZES.map(() => true),
    );
    expect(client.received.map(({ length }) => length)).toEqual(SIZES);
    expect(client.received.every((one) => one.equals(pattern(one.length)))).toBe(true);
    const total = SIZES.reduce((sum, size) => sum + size, 0);
    expect(world.set.status()[0]).toMatchObject({
      state: 'listening',
      open: 1,
      waiting: 0,
      refused: 0,
      bytesIn: total,
      bytesOut: total,
      dropped: 0,
    });
  });

  test('each source has a flow of its own, and hears only what is for it', async () => {
    const echo = await peer('127.0.0.1', { echo: true });
    const world = lab();
    const port = await world.listening(spec(kind, `127.0.0.1:${echo.port}`));
    const clients = await Promise.all(Array.from({ length: 20 }, () => peer()));
    await Promise.all(clients.map((client, i) => client.send(Buffer.from(`from ${i}`), port)));
    for (const [i, client] of clients.entries()) {
      expect((await client.receives(1)).map(String)).toEqual([`from ${i}`]);
      expect(client.froms[0]).toBe(`127.0.0.1 ${port}`);
    }
    expect(new Set(echo.froms).size).toBe(20);
    expect(world.set.status()[0]?.open).toBe(20);
  });

  test.each(['localhost', '*'])('%s is both families', async (bind) => {
    const echo = await peer('127.0.0.1', { echo: true });
    const world = lab();
    const port = await world.listening(spec(kind, `127.0.0.1:${echo.port}`, bind));
    for (const address of ['127.0.0.1', '::1']) {
      const client = await peer(address);
      await client.send(Buffer.from(address), port);
      expect((await client.receives(1)).map(String)).toEqual([address]);
      expect(client.froms).toEqual([`${address} ${port}`]);
    }
  });

  test('a flow that is idle ends at both ends, and the next datagram begins another', async () => {
    const echo = await peer('127.0.0.1', { echo: true });
    const world = lab(undefined, 1000);
    const port = await world.listening(spec(kind, `127.0.0.1:${echo.port}`));
    const client = await peer();
    await client.ask(Buffer.from('1'), port);
    expect(world.set.status()[0]?.open).toBe(1);
    await soon(() => world.set.status()[0]?.open === 0);
    await soon(() => world.clientMux.channelCount === world.serverMux.channelCount);
    await client.ask(Buffer.from('2'), port);
    expect(new Set(echo.froms).size).toBe(2);
    expect(world.set.status()[0]).toMatchObject({ open: 1, refused: 0, lastError: undefined });
  });

  test('a target that refuses does not end the flow: it is told, and served once it listens', async () => {
    const gone = await UdpPeer.bind();
    const { port: targetPort } = gone;
    gone.close();
    const world = lab();
    const port = await world.listening(spec(kind, `127.0.0.1:${targetPort}`));
    const client = await peer();
    await client.send(Buffer.from('anybody?'), port);
    const refusal = `connection refused by 127.0.0.1:${targetPort}`;
    await soon(() => world.set.status()[0]?.lastError === refusal);
    expect(world.set.status()[0]).toMatchObject({ open: 1, refused: 0 });
    await peer('127.0.0.1', { echo: true, port: targetPort });
    expect(String(await client.ask(Buffer.from('hello'), port))).toBe('hello');
    expect(world.told.filter((line) => line.startsWith('refused'))).toEqual([]);
  });

  test('a name that has no address is a refusal', async () => {
    const world = lab();
    const port = await world.listening(spec(kind, 'nowhere.invalid:53'));
    const client = await peer();
    await client.send(Buffer.from('?'), port);
    await soon(() => world.set.status()[0]?.refused === 1);
    expect(world.set.status()[0]?.lastError).toBe('cannot resolve nowhere.invalid');
  });

  test('a port that is taken is told', async () => {
    const other = await peer('127.0.0.1');
    const world = lab();
    const listen = { kind: 'tcp', bind: 'localhost', port: other.port } as const;
    world.set.add({ ...spec(kind, '127.0.0.1:9'), listen });
    await soon(() => world.told.length > 0);
    expect(world.told[0]).toContain(`cannot listen on ${other.port}: it is in use`);
    expect(world.set.status()[0]?.state).toBe('failed');
  });

  test('a forward that is removed takes its flows with it, and frees its port', async () => {
    const echo = await peer('127.0.0.1', { echo: true });
    const world = lab();
    const forward = world.set.add(spec(kind, `127.0.0.1:${echo.port}`));
    await soon(() => forward.state === 'listening');
    const port = forward.place.kind === 'tcp' ? forward.place.port : 0;
    const client = await peer();
    await client.ask(Buffer.from('1'), port);
    world.set.remove(forward);
    await soon(() => forward.counters.open === 0);
    await soon(() => world.clientMux.channelCount + world.serverMux.channelCount === 0);
    await peer('127.0.0.1', { port });
  });

  test('when the session ends its flows do', async () => {
    const echo = await peer('127.0.0.1', { echo: true });
    const world = lab();
    const port = await world.listening(spec(kind, `127.0.0.1:${echo.port}`));
    const client = await peer();
    await client.ask(Buffer.from('1'), port);
    world.set.detach('the session has ended');
    world.clientMux.close();
    world.serverMux.close();
    await soon(() => world.set.status()[0]?.open === 0);
    expect(world.set.status()[0]).toMatchObject({ waiting: 0, refused: 0 });
  });
});

describe('policy', () => {
  test('an address that is denied is refused, however the target was named', async () => {
    const echo = await peer('127.0.0.1', { echo: true });
    const world = lab(policyOf({ denyOpen: [`127.0.0.0/8:${echo.port}`] }));
    const port = await world.listening(spec('udp', `127.0.0.1:${echo.port}`));
    const client = await peer();
    await client.send(Buffer.from('?'), port);
    await soon(() => world.set.status()[0]?.refused === 1);
    expect(world.set.status()[0]?.lastError).toContain('is denied by FILE1:127.0.0.0/8');
    expect(echo.received).toEqual([]);
  });

  test.each(KINDS)('without tunnels there is no %s', async (kind) => {
    const world = lab(policyOf({ tunnels: false }));
    const forward = world.set.add(spec(kind, '127.0.0.1:9'));
    await soon(() => forward.state !== 'starting');
    if (forward.place.kind === 'tcp' && forward.state === 'listening') {
      await (await peer()).send(Buffer.from('?'), forward.place.port);
    }
    await soon(() => forward.counters.lastError !== undefined);
    expect(forward.counters.lastError).toContain('forwards are switched off by FILE1:tunnels');
  });

  test('a port to listen on that is not permitted is refused', async () => {
    const world = lab(policyOf({ permitListen: ['127.0.0.1:1'] }));
    const forward = world.set.add({
      ...spec('udp-reverse', '127.0.0.1:9'),
      listen: { kind: 'tcp', bind: '127.0.0.1', port: 40_000 },
    });
    await soon(() => forward.state === 'failed');
    expect(forward.counters.lastError).toContain('is not among permit-listen of FILE1');
  });

  test('a port that the system has chosen has to be permitted too', async () => {
    const world = lab(policyOf({ permitListen: ['127.0.0.1:1-1023'] }));
    const forward = world.set.add(spec('udp-reverse', '127.0.0.1:9'));
    await soon(() => forward.state === 'failed');
    expect(forward.counters.lastError).toContain('is not among permit-listen of FILE1');
    await soon(() => world.serverMux.channelCount === 0);
  });
});

test('a datagram too large for the target is dropped, counted and told, and the flow goes on', async () => {
  const echo = await peer('127.0.0.1', { echo: true });
  const world = lab();
  const port = await world.listening(spec('udp', `127.0.0.1:${echo.port}`, '::1'));
  const client = await peer('::1');
  await client.send(new Uint8Array(65_508), port);
  await soon(() => world.set.status()[0]?.lastError !== undefined);
  expect(world.set.status()[0]?.lastError).toMatch(/^127\.0\.0\.1:\d+: .*EMSGSIZE/u);
  expect(String(await client.ask(Buffer.from('small'), port))).toBe('small');
  expect(world.set.status()[0]?.open).toBe(1);
});

test('what comes before there is a session waits for one', async () => {
  const echo = await peer('127.0.0.1', { echo: true });
  const world = lab();
  const port = await world.listening(spec('udp', `127.0.0.1:${echo.port}`));
  world.hold();
  const client = await peer();
  for (let i = 0; i < 100; i += 1) await client.send(Buffer.from(`${i} `.padEnd(1000)), port);
  await soon(
    () => world.set.status()[0]?.waiting === 1 && world.set.status()[0]?.bytesOut === 100_000,
  );
  expect(world.set.status()[0]?.dropped).toBeGreaterThan(20);
  world.release();
  await client.receives(8 + 40);
  const numbers = client.received.map((one) => Number.parseInt(one.toString(), 10));
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  expect(numbers.slice(0, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(numbers).toContain(99);
});

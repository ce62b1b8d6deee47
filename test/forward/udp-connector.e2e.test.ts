import { expect, test } from 'vitest';
import { SystemClock } from '../../src/base/clock.ts';
import type { ConnectFailure } from '../../src/forward/connect-failure.ts';
import type { Policy } from '../../src/forward/policy.ts';
import { UdpConnector } from '../../src/forward/udp-connector.ts';
import { HostResolver, type LookupAddresses } from '../../src/link/host-resolver.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { policyOf } from './policy-of.ts';
import { UdpPeer } from './udp-peer.ts';

const EVENTS = { onDatagram: () => undefined, onDropped: () => undefined };

function fails(code: string): Promise<readonly string[]> {
  return Promise.reject(Object.assign(new Error(code), { code }));
}

/** The family of the socket that `connect` makes for `db`, or why it makes none. */
async function outcome(
  lookup: LookupAddresses,
  policy: Policy = policyOf({}),
  host = 'db',
): Promise<string> {
  const connector = new UdpConnector(new SystemClock(), policy, new HostResolver(lookup));
  try {
    const socket = await connector.connect({ kind: 'tcp', host, port: 9 }, EVENTS);
    const { address } = socket;
    socket.close();
    return address;
  } catch (error) {
    const { code, text } = (error as ConnectFailure).reason;
    return `${code} ${text}`;
  }
}

const both: LookupAddresses = async (_host, family) => (family === 4 ? ['127.0.0.1'] : ['::1']);

test('IPv4 is tried first, then the other addresses in the order of their answer', async () => {
  expect(await outcome(both)).toBe('127.0.0.1');
  expect(await outcome(async (_, family) => (family === 4 ? [] : ['::1']))).toBe('::1');
  expect(await outcome((_, family) => (family === 4 ? fails('ENOTFOUND') : both('', 6)))).toBe(
    '::1',
  );
  // Without a broadcast permission the system has no way there.
  const first = async (_: string, family: 4 | 6) => (family === 4 ? ['255.255.255.255'] : ['::1']);
  expect(await outcome(first)).toBe('::1');
});

test('addresses that the policy denies are passed over; when none is left the policy is the reason', async () => {
  expect(await outcome(both, policyOf({ denyOpen: ['127.0.0.0/8:*'] }))).toBe('::1');
  expect(await outcome(both, policyOf({ permitOpen: ['[::1]:9'] }))).toBe('::1');
  expect(await outcome(both, policyOf({ permitOpen: ['10.0.0.1:9'] }))).toMatch(
    /^5 .*not among permit-open/u,
  );
  expect(await outcome(both, policyOf({ denyOpen: ['db:*'] }))).toMatch(/^5 db:9 is denied by/u);
  expect(await outcome(both, policyOf({ denyOpen: ['127.0.0.1:9'] }), '127.0.0.1')).toMatch(
    /^5 127\.0\.0\.1:9 is denied/u,
  );
});

test('a name without addresses is told as such, and so is an address that there is no way to', async () => {
  expect(await outcome(() => fails('ENOTFOUND'))).toBe('6 cannot resolve db');
  const broadcast = async (_: string, family: 4 | 6) => (family === 4 ? ['255.255.255.255'] : []);
  expect(await outcome(broadcast)).toMatch(/^8 /u);
});

test('an answer that never comes keeps the other from nothing', async () => {
  const never = new Promise<readonly string[]>(() => undefined);
  expect(await outcome((host, family) => (family === 4 ? both(host, 4) : never))).toBe('127.0.0.1');
});

test('a name that is not resolved within 30 s is given up', async () => {
  const clock = new VirtualClock();
  const never = new Promise<readonly string[]>(() => undefined);
  const connector = new UdpConnector(clock, policyOf({}), new HostResolver(() => never));
  const failure = connector
    .connect({ kind: 'tcp', host: 'db', port: 9 }, EVENTS)
    .catch((error: ConnectFailure) => error.reason);
  clock.advance(30_000);
  expect(await failure).toEqual({ code: 8, text: 'timed out: db is not resolved' });
  expect(clock.pending).toBe(0);
});

test('a socket hears its target and nobody else', async () => {
  const [target, stranger] = [await UdpPeer.bind(), await UdpPeer.bind()];
  const heard: string[] = [];
  const connector = new UdpConnector(new SystemClock(), policyOf({}));
  const socket = await connector.connect(
    { kind: 'tcp', host: '127.0.0.1', port: target.port },
    { ...EVENTS, onDatagram: (bytes) => heard.push(Buffer.from(bytes).toString()) },
  );
  await stranger.send(Buffer.from('stranger'), socket.port);
  await target.send(Buffer.from('target'), socket.port);
  socket.send(Buffer.from('go'));
  await target.receives(1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(heard).toEqual(['target']);
  for (const one of [socket, target, stranger]) one.close();
});

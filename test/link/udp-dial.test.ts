import { expect, test } from 'vitest';
import type { Carrier } from '../../src/link/carrier.ts';
import { DatagramSocket } from '../../src/link/datagram-socket.ts';
import { DialFailure } from '../../src/link/dial-failure.ts';
import { HostResolver } from '../../src/link/host-resolver.ts';
import { RESOLUTION_DELAY_MS, USE_REMEMBERED_AFTER_MS } from '../../src/link/tcp-race.ts';
import { type UdpTarget, udpDial } from '../../src/link/udp-dial.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { turnUntil } from './real-time.ts';

type Answer = readonly string[] | Error;

/** Names that are answered when the test says so, and a peer on loopback that hears what is sent to it. */
async function world(target: Partial<UdpTarget> = {}) {
  const clock = new VirtualClock();
  const asked = new Map<string, (answer: Answer) => void>();
  const resolver = new HostResolver(
    (host, family) =>
      new Promise((resolve, reject) => {
        asked.set(`${family} ${host}`, (said) =>
          said instanceof Error ? reject(said) : resolve(said),
        );
      }),
  );
  const heard: string[] = [];
  const peer = await DatagramSocket.open(4, '127.0.0.1', 0, {
    onDatagram: (bytes, address, port) => {
      heard.push(`${bytes.join()} from ${address}`);
      peer.send([Uint8Array.of(9)], address, port);
    },
  });
  const dial = udpDial(
    { clock, resolver, sizeFor: () => 1200 },
    { host: 'db', port: peer.port, ...target },
  );
  const abort = new AbortController();
  let carrier: Carrier | undefined;
  let failure: unknown;
  const again = async (): Promise<void> => {
    carrier = undefined;
    failure = undefined;
    await dial(abort.signal).then(
      (made) => {
        carrier = made;
      },
      (error: unknown) => {
        failure = error;
      },
    );
  };
  const answer = async (name: string, addresses: Answer): Promise<void> => {
    await turnUntil(() => asked.has(name));
    asked.get(name)?.(addresses);
    asked.delete(name);
    for (let i = 0; i < 5; i += 1) await Promise.resolve();
  };
  const settled = (): Promise<void> =>
    turnUntil(() => carrier !== undefined || failure !== undefined);
  const close = (): void => {
    peer.close();
    carrier?.reset();
  };
  return {
    clock,
    heard,
    abort,
    again,
    answer,
    settled,
    close,
    carrier: () => carrier,
    failure: () => failure as DialFailure | undefined,
  };
}

test('an address needs no answer of anybody, and what is sent arrives', async () => {
  const { heard, again, carrier, close, clock } = await world({ host: '127.0.0.1' });
  await again();
  const received: string[] = [];
  carrier()?.start({ onBytes: (bytes) => received.push(bytes.join()), onClose: () => undefined });
  carrier()?.write([Uint8Array.of(1), Uint8Array.of(2)]);
  await turnUntil(() => received.length > 0);
  expect(heard).toEqual(['1,2 from 127.0.0.1']);
  expect(received).toEqual(['9']);
  expect(carrier()).toMatchObject({ kind: 'datagrams', localAddress: undefined });
  expect(clock.pending).toBe(0);
  close();
});

test('IPv4 waits a moment for the answer about IPv6', async () => {
  const { clock, again, answer, settled, carrier, close } = await world();
  void again();
  await answer('4 db', ['127.0.0.1']);
  clock.advance(RESOLUTION_DELAY_MS - 1);
  expect(carrier()).toBeUndefined();
  clock.advance(1);
  await settled();
  expect(carrier()).toBeDefined();
  expect(clock.pending).toBe(0);
  close();
});

test('a name whose answer is late leads to where it did before', async () => {
  const { clock, again, answer, settled, carrier, close } = await world({ family: 4 });
  void again();
  await answer('4 db', ['127.0.0.1']);
  await settled();
  carrier()?.reset();
  void again();
  await turnUntil(() => clock.pending > 0);
  clock.advance(USE_REMEMBERED_AFTER_MS);
  await settled();
  expect(carrier()).toBeDefined();
  expect(clock.pending).toBe(0);
  close();
});

test('a name without an address fails as one', async () => {
  const { clock, again, answer, settled, failure, close } = await world();
  void again();
  await answer('4 db', Object.assign(new Error('x'), { code: 'ENOTFOUND' }));
  await answer('6 db', []);
  await settled();
  expect(failure()).toBeInstanceOf(DialFailure);
  expect(failure()).toMatchObject({ kind: 'dns', message: 'dns db has no address (ENOTFOUND)' });
  expect(clock.pending).toBe(0);
  close();
});

test('whoever gives it up leaves nothing', async () => {
  const { clock, abort, again, settled, failure, close } = await world();
  void again();
  await turnUntil(() => clock.pending > 0);
  clock.advance(500);
  abort.abort();
  await settled();
  expect(failure()?.message).toBe('dns db timed out after 0.5 s');
  expect(clock.pending).toBe(0);
  close();
});

test('it leaves from the address that it is told', async () => {
  const { heard, again, carrier, close } = await world({
    host: '127.0.0.1',
    sources: () => ['127.0.0.5'],
  });
  await again();
  carrier()?.start({ onBytes: () => undefined, onClose: () => undefined });
  carrier()?.write([Uint8Array.of(3)]);
  await turnUntil(() => heard.length > 0);
  expect(heard).toEqual(['3 from 127.0.0.5']);
  close();
});

test.each<[string, Partial<UdpTarget>, string]>([
  [
    'an interface without an address',
    { sources: () => [], nowhere: 'wlan0 has no address' },
    'cannot leave: wlan0 has no address',
  ],
  [
    'an address that is not ours',
    { sources: () => ['203.0.113.9'] },
    'from 203.0.113.9 has no route',
  ],
  ['one of the other family', { sources: () => ['::1'] }, 'cannot be reached from ::1'],
])('%s is no way out, which is waited for', async (_, target, message) => {
  const { again, failure, close, clock } = await world({ host: '127.0.0.1', ...target });
  await again();
  expect(failure()).toMatchObject({ kind: 'no-route' });
  expect(failure()?.message).toContain(message);
  expect(clock.pending).toBe(0);
  close();
});

import { expect, test } from 'vitest';
import type { EtError } from '../../src/base/errors.ts';
import { DialFailure } from '../../src/link/dial-failure.ts';
import { UdpCarrier, type UdpSource } from '../../src/link/udp-carrier.ts';

/** A socket whose network is the test: what it has sent, and where to nothing leaves. */
class FakeSocket {
  readonly queuedBytes = 0;
  isClosed = false;
  readonly #log: string[];
  readonly #name: string;
  readonly #failing: Readonly<Record<string, string>>;

  constructor(log: string[], name: string, failing: Readonly<Record<string, string>>) {
    this.#log = log;
    this.#name = name;
    this.#failing = failing;
  }

  send(
    pieces: readonly Uint8Array[],
    address: string,
    port: number,
    onUnsent?: (error: Error) => void,
  ): void {
    this.#log.push(`${this.#name} ${pieces.map(String).join()} to ${address} ${port}`);
    const code = this.#failing[address];
    if (code !== undefined) onUnsent?.(Object.assign(new Error(code), { code }));
  }

  close(): void {
    this.isClosed = true;
  }
}

function world(failing: Readonly<Record<string, string>> = {}) {
  const log: string[] = [];
  const carrier = new UdpCarrier(7, (address) => address.length);
  const four = new FakeSocket(log, 'v4', failing);
  const six = new FakeSocket(log, 'v6', failing);
  const sources: UdpSource[] = [
    { family: 6, socket: six },
    { family: 4, socket: four },
  ];
  carrier.leaveFrom(sources);
  const closed: (EtError | undefined)[] = [];
  const received: string[] = [];
  const start = (): void =>
    carrier.start({
      onBytes: (bytes) => {
        received.push(String(bytes));
        // As a link does that has read an answer.
        if (bytes[0] === 9) carrier.identify();
      },
      onClose: (error) => closed.push(error),
    });
  const write = (byte: number): void => carrier.write([Uint8Array.of(byte)]);
  return { log, carrier, four, six, closed, received, start, write };
}

test('hellos go from address to address until one is answered, and all else goes there', () => {
  const { log, carrier, four, six, received, start, write } = world();
  carrier.addPeers(['2001:db8::1', '192.0.2.1']);
  carrier.endPeers();
  start();
  for (const byte of [1, 2, 3]) write(byte);
  carrier.receive(six, Uint8Array.of(4), '2001:db8::bad');
  carrier.receive(four, Uint8Array.of(9), '192.0.2.1');
  for (const byte of [5, 6]) write(byte);
  expect(log).toEqual([
    'v6 1 to 2001:db8::1 7',
    'v4 2 to 192.0.2.1 7',
    'v6 3 to 2001:db8::1 7',
    'v4 5 to 192.0.2.1 7',
    'v4 6 to 192.0.2.1 7',
  ]);
  expect(received).toEqual(['4', '9']);
  expect(carrier.label).toBe('udp 192.0.2.1:7');
  expect(carrier.maxDatagramBytes).toBe('192.0.2.1'.length);
  expect([four.isClosed, six.isClosed]).toEqual([false, true]);
  // Whoever has sent it: the owner knows what is authentic.
  carrier.receive(four, Uint8Array.of(8), '198.51.100.9');
  write(7);
  expect(received).toEqual(['4', '9', '8']);
  expect(log.at(-1)).toBe('v4 7 to 192.0.2.1 7');
  carrier.close();
  expect(four.isClosed).toBe(true);
});

test('an answer from an address that was not dialled leaves things as they are', () => {
  const { log, carrier, six, start, write } = world();
  carrier.addPeers(['2001:db8::1']);
  start();
  write(1);
  carrier.receive(six, Uint8Array.of(9), '2001:db8::2');
  write(2);
  expect(log.at(-1)).toBe('v6 2 to 2001:db8::1 7');
});

test('where a hello cannot leave it goes to the next address at once', () => {
  const { log, carrier, closed, start, write } = world({ '2001:db8::1': 'ENETUNREACH' });
  carrier.addPeers(['2001:db8::1', '192.0.2.1']);
  carrier.endPeers();
  start();
  write(1);
  write(2);
  expect(log).toEqual(['v6 1 to 2001:db8::1 7', 'v4 1 to 192.0.2.1 7', 'v4 2 to 192.0.2.1 7']);
  expect(closed).toEqual([]);
});

test.each([
  ['ENETUNREACH', 'no-route'],
  // Of a firewall of this machine, which says nothing of TCP.
  ['EPERM', 'other'],
])('without any way (%s) it ends, and says of what kind that is', (code, kind) => {
  const { carrier, four, closed, start, write } = world({ '192.0.2.1': code });
  carrier.addPeers(['192.0.2.1']);
  carrier.endPeers();
  start();
  write(1);
  const [failure] = closed;
  expect(failure).toBeInstanceOf(DialFailure);
  expect((failure as DialFailure).kind).toBe(kind);
  expect(failure?.message).toMatch(/^udp 192\.0\.2\.1:7 /u);
  expect(four.isClosed).toBe(true);
  write(2);
  expect(closed).toHaveLength(1);
});

test('an address that is answered late is waited for', () => {
  const { log, carrier, closed, start, write } = world({ '192.0.2.1': 'ENETUNREACH' });
  carrier.addPeers(['192.0.2.1']);
  start();
  write(1);
  expect(closed).toEqual([]);
  carrier.addPeers(['2001:db8::1', '192.0.2.1']);
  carrier.endPeers();
  write(2);
  expect(log.at(-1)).toBe('v6 2 to 2001:db8::1 7');
  expect(closed).toEqual([]);
});

test('what the network loses ends nothing, and once there is a link nothing that is sent does', () => {
  const { log, carrier, six, closed, start, write } = world({ '2001:db8::1': 'ENOBUFS' });
  carrier.addPeers(['2001:db8::1']);
  carrier.endPeers();
  start();
  write(1);
  carrier.receive(six, Uint8Array.of(9), '2001:db8::1');
  write(2);
  expect(log).toHaveLength(2);
  expect(closed).toEqual([]);
});

test('no more than eight addresses of a name are tried', () => {
  const { log, carrier, start, write } = world();
  carrier.addPeers(Array.from({ length: 100 }, (_, i) => `192.0.2.${i}`));
  start();
  for (let i = 0; i < 16; i += 1) write(i);
  expect(new Set(log.map((line) => line.split(' ')[3])).size).toBe(8);
});

test('one that was given up before it had its sockets gives them up as it gets them', () => {
  const carrier = new UdpCarrier(7, () => 1200);
  const socket = new FakeSocket([], 'v4', {});
  carrier.reset();
  carrier.leaveFrom([{ family: 4, socket }]);
  expect(socket.isClosed).toBe(true);
});

import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import type { Carrier } from '../../src/link/carrier.ts';
import { DialFailure } from '../../src/link/dial-failure.ts';
import { HostResolver } from '../../src/link/host-resolver.ts';
import type { DiallingSocket } from '../../src/link/socket-factory.ts';
import { TcpDialer, type TcpTarget } from '../../src/link/tcp-dial.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A socket that connects when the test says so. */
class FakeSocket extends EventEmitter {
  readonly localAddress = '::ffff:192.0.2.1';
  isDestroyed = false;
  options: { host?: string; port?: number; localAddress?: string } = {};

  connect(options: FakeSocket['options']): void {
    if ((options.port ?? 0) > 65_535) throw new RangeError('port out of range');
    this.options = options;
  }

  destroy(): void {
    this.isDestroyed = true;
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** A dialer whose names, sockets and time are the test's. */
function world(names: Record<string, readonly string[] | 'silent' | Error> = {}) {
  const clock = new VirtualClock();
  const tried: string[] = [];
  const made: FakeSocket[] = [];
  const socketTo = (address: string): FakeSocket => {
    const found = made.find(({ options }) => options.host === address);
    if (found === undefined) throw new Error(`${address} was not tried`);
    return found;
  };
  const sockets = {
    dialling(): DiallingSocket<Carrier> {
      const socket = new FakeSocket();
      const connect = socket.connect.bind(socket);
      socket.connect = (options) => {
        tried.push(`${clock.now()} ${options.host}`);
        connect(options);
      };
      made.push(socket);
      const connected = (options: object): Carrier => ({ ...options }) as Carrier;
      return { socket: socket as unknown as Socket, connected };
    },
  };
  const resolver = new HostResolver((host, family) => {
    const answer = names[`${family} ${host}`] ?? systemError('ENOTFOUND');
    if (answer === 'silent') return new Promise(() => undefined);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  });
  const dialer = new TcpDialer(clock, sockets, resolver);
  const dial = (target: TcpTarget): Attempt => new Attempt(dialer, target);
  /** Lets promises settle, then time pass. */
  const pass = async (ms: number): Promise<void> => {
    for (let i = 0; i < 10; i += 1) await Promise.resolve();
    clock.advance(ms);
    for (let i = 0; i < 10; i += 1) await Promise.resolve();
  };
  return { clock, tried, made, socketTo, dialer, dial, pass, names };
}

class Attempt {
  carrier: Carrier | undefined;
  failure: DialFailure | undefined;
  readonly #abort = new AbortController();

  constructor(dialer: TcpDialer, target: TcpTarget) {
    dialer
      .to(target)(this.#abort.signal)
      .then(
        (carrier) => (this.carrier = carrier),
        (error) => (this.failure = error),
      );
  }

  stop(): void {
    this.#abort.abort();
  }
}

const NAME = { host: 'name', port: 22 };

test('an address is dialled without a question', async () => {
  const { clock, tried, socketTo, dial, pass } = world();
  const attempt = dial({ host: '10.0.0.5', port: 22, localAddress: '10.0.0.9' });
  expect(tried).toEqual(['0 10.0.0.5']);
  expect(socketTo('10.0.0.5').options).toEqual({
    host: '10.0.0.5',
    port: 22,
    localAddress: '10.0.0.9',
  });
  socketTo('10.0.0.5').emit('connect');
  await pass(0);
  expect(attempt.carrier).toMatchObject({ label: 'tcp 10.0.0.5:22', localAddress: '192.0.2.1' });
  expect(clock.pending).toBe(0);
});

test('addresses are tried 250 ms apart, families alternating from IPv6', async () => {
  const { clock, tried, dial, pass } = world({
    '4 name': ['10.0.0.1', '10.0.0.2'],
    '6 name': ['fd00::1', 'fd00::2', 'fd00::3'],
  });
  const attempt = dial(NAME);
  await pass(3000);
  expect(tried).toEqual([
    '0 fd00::1',
    '250 10.0.0.1',
    '500 fd00::2',
    '750 10.0.0.2',
    '1000 fd00::3',
  ]);
  attempt.stop();
  expect(clock.pending).toBe(0);
});

test('an attempt that fails brings the next at once, and the spacing starts anew', async () => {
  const { tried, socketTo, dial, pass } = world({
    '4 name': ['10.0.0.1', '10.0.0.2'],
    '6 name': ['fd00::1'],
  });
  dial(NAME);
  await pass(100);
  socketTo('fd00::1').emit('error', systemError('ENETUNREACH'));
  await pass(249);
  expect(tried).toEqual(['0 fd00::1', '100 10.0.0.1']);
  await pass(1);
  expect(tried).toHaveLength(3);
});

test('the first to connect wins, and the others are destroyed', async () => {
  const { clock, made, socketTo, dial, pass } = world({ '4 name': ['10.0.0.1', '10.0.0.2'] });
  const attempt = dial(NAME);
  await pass(300);
  socketTo('10.0.0.2').emit('connect');
  socketTo('10.0.0.1').emit('connect');
  await pass(0);
  expect(attempt.carrier?.label).toBe('tcp 10.0.0.2:22');
  expect(made.map(({ isDestroyed }) => isDestroyed)).toEqual([true, false]);
  expect(clock.pending).toBe(0);
  attempt.stop();
  expect(socketTo('10.0.0.2').isDestroyed).toBe(false);
});

test('when all fail, the message names each attempt and the refusal counts most', async () => {
  const { clock, socketTo, dial, pass } = world({ '4 name': ['10.0.0.1'], '6 name': ['fd00::1'] });
  const attempt = dial(NAME);
  await pass(10);
  socketTo('fd00::1').emit('error', systemError('ENETUNREACH'));
  await pass(10);
  socketTo('10.0.0.1').emit('error', systemError('ECONNREFUSED'));
  await pass(0);
  expect(attempt.failure).toBeInstanceOf(DialFailure);
  expect(attempt.failure).toMatchObject({
    code: 'ET_ERR_DIAL',
    scope: 'link',
    kind: 'refused',
    message: 'tcp [fd00::1]:22 has no route; tcp 10.0.0.1:22 refused',
  });
  expect(clock.pending).toBe(0);
});

test.each([
  [['ENETUNREACH'], 'no-route'],
  [['ENETDOWN', 'EADDRNOTAVAIL'], 'no-route'],
  [['ENETUNREACH', 'EHOSTUNREACH'], 'other'],
  [['ENETUNREACH', 'ETIMEDOUT'], 'timeout'],
  [['ETIMEDOUT', 'ECONNREFUSED'], 'refused'],
  [['EMFILE'], 'other'],
] as const)('%j together are %s', async (codes, kind) => {
  const { made, dial, pass } = world({ '4 name': codes.map((_, i) => `10.0.0.${i}`) });
  const attempt = dial(NAME);
  await pass(50);
  for (const [i, code] of codes.entries()) made[i]?.emit('error', systemError(code));
  await pass(0);
  expect(attempt.failure?.kind).toBe(kind);
});

test('giving up says how long each attempt has waited, and leaves nothing behind', async () => {
  const { clock, made, dial, pass } = world({ '4 name': ['10.0.0.1'], '6 name': ['fd00::1'] });
  const attempt = dial(NAME);
  await pass(3250);
  attempt.stop();
  await pass(0);
  expect(attempt.failure).toMatchObject({
    kind: 'timeout',
    message: 'tcp [fd00::1]:22 timed out after 3.3 s; tcp 10.0.0.1:22 timed out after 3 s',
  });
  expect(made.every(({ isDestroyed }) => isDestroyed)).toBe(true);
  expect(clock.pending).toBe(0);
});

test('a signal that is aborted already tries nothing', async () => {
  const { clock, made, dialer } = world({ '4 name': ['10.0.0.1'] });
  for (const host of ['name', '10.0.0.1']) {
    const dialled = dialer.to({ host, port: 22 })(AbortSignal.abort());
    await expect(dialled).rejects.toMatchObject({ kind: 'timeout' });
  }
  expect([made.length, clock.pending]).toEqual([0, 0]);
});

test('IPv4 waits 50 ms for the answer about IPv6, no longer', async () => {
  const { tried, dial, pass } = world({ '4 name': ['10.0.0.1'], '6 name': 'silent' });
  dial(NAME);
  await pass(49);
  expect(tried).toEqual([]);
  await pass(1);
  expect(tried).toEqual(['50 10.0.0.1']);
});

test('a name without any address is a dns failure that names the cause', async () => {
  const { clock, dial, pass } = world();
  const attempt = dial(NAME);
  await pass(0);
  expect(attempt.failure).toMatchObject({
    kind: 'dns',
    message: 'dns name has no address (ENOTFOUND)',
    cause: { code: 'ENOTFOUND' },
  });
  expect(clock.pending).toBe(0);
});

test('a name that is never answered times out as such', async () => {
  const { clock, dial, pass } = world({ '4 name': 'silent', '6 name': 'silent' });
  const attempt = dial(NAME);
  await pass(4000);
  attempt.stop();
  await pass(0);
  expect(attempt.failure?.message).toBe('dns name timed out after 4 s');
  expect(clock.pending).toBe(0);
});

test('what a name resolved to is tried again when its answer fails, or is a second late', async () => {
  const { tried, names, dial, pass } = world({ '4 name': ['10.0.0.1'] });
  dial(NAME).stop();
  await pass(0);
  tried.length = 0;
  names['4 name'] = systemError('EAI_AGAIN');
  const failing = dial(NAME);
  await pass(0);
  expect(tried).toEqual(['0 10.0.0.1']);
  failing.stop();
  names['4 name'] = 'silent';
  const silent = dial(NAME);
  await pass(999);
  expect(tried).toHaveLength(1);
  await pass(1);
  expect(tried).toEqual(['0 10.0.0.1', '1000 10.0.0.1']);
  silent.stop();
});

test('an address that both the memory and a late answer name is tried once', async () => {
  const { tried, names, dial, pass } = world({ '4 name': ['10.0.0.1'] });
  dial(NAME).stop();
  await pass(0);
  tried.length = 0;
  names['4 name'] = ['10.0.0.1', '10.0.0.1', '10.0.0.2'];
  const attempt = dial(NAME);
  await pass(2000);
  attempt.stop();
  expect(tried).toEqual(['0 10.0.0.1', '250 10.0.0.2']);
});

test('from a bound address only its family is dialled', async () => {
  const { tried, dial, pass } = world({ '4 name': ['10.0.0.1'], '6 name': ['fd00::1'] });
  dial({ ...NAME, localAddress: 'fd00::9' });
  await pass(1000);
  expect(tried).toEqual(['0 fd00::1']);
  const stuck = dial({ host: '10.0.0.1', port: 22, localAddress: 'fd00::9' });
  const contradiction = dial({ ...NAME, family: 4, localAddress: 'fd00::9' });
  await pass(0);
  expect(stuck.failure?.kind).toBe('no-route');
  expect(contradiction.failure?.kind).toBe('no-route');
});

test('-4 and -6 ask for and dial one family', async () => {
  const { tried, dial, pass } = world({ '4 name': ['10.0.0.1'], '6 name': ['fd00::1'] });
  dial({ ...NAME, family: 4 });
  await pass(1000);
  expect(tried).toEqual(['0 10.0.0.1']);
});

test('a port that is none fails the dial, not the process', async () => {
  const { clock, made, dial, pass } = world({ '4 name': ['10.0.0.1', '10.0.0.2'] });
  const attempt = dial({ host: 'name', port: 70_000 });
  await pass(50);
  expect(made.map(({ isDestroyed }) => isDestroyed)).toEqual([true, true]);
  expect(attempt.failure).toMatchObject({ kind: 'other' });
  expect(clock.pending).toBe(0);
});

test('a question that is still open is shared; the next dial asks anew', async () => {
  const answers: ((addresses: readonly string[]) => void)[] = [];
  const resolver = new HostResolver(() => new Promise((resolve) => answers.push(resolve)));
  const [first, second] = [resolver.resolve('name', 4), resolver.resolve('name', 4)];
  void resolver.resolve('name', 6);
  expect(answers).toHaveLength(2);
  answers[0]?.(['10.0.0.1']);
  expect([await first, await second]).toEqual([['10.0.0.1'], ['10.0.0.1']]);
  void resolver.resolve('name', 4);
  expect(answers).toHaveLength(3);
});

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Connections } from '../../src/forward/connections.ts';
import { streamSockets } from '../../src/forward/connector.ts';
import type { ForwardSession } from '../../src/forward/forward.ts';
import { ForwardCounters } from '../../src/forward/forward-counters.ts';
import { LINGER_MS } from '../../src/forward/say-goodbye.ts';
import { SocksAssociations } from '../../src/forward/socks-associations.ts';
import { HANDSHAKE_TIMEOUT_MS, MAX_HANDSHAKES, SocksProxy } from '../../src/forward/socks-proxy.ts';
import { MuxPair } from '../mux/mux-pair.ts';
import { deathOf, soon } from './forward-lab.ts';
import { wire } from './socks-bytes.ts';

const HELLO = '05 01 00';
const CONNECT = "05 01 00 03 02 'db' 0050";

/** A proxy, the programs that are connected to it, and a far side that does what a test says; time passes when it says so. */
class Lab {
  readonly pair = new MuxPair();
  readonly counters = new ForwardCounters((text) => this.told.push(text));
  readonly told: string[] = [];
  readonly session: ForwardSession = {
    mux: this.pair.client,
    connections: new Connections(this.pair.clock, this.pair.client),
    serve: () => () => undefined,
    workStream: 0,
  };
  readonly proxy: SocksProxy;
  /** Sockets that the proxy was given, and that are not closed. */
  open = 0;
  readonly #sockets = streamSockets();
  readonly #server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  readonly #programs = new Set<Socket>();

  constructor() {
    const { clock } = this.pair;
    this.proxy = new SocksProxy(clock, new SocksAssociations(clock));
    this.#server.on('connection', (socket) => {
      const options = { label: 'program', localAddress: undefined, isResettable: true };
      this.proxy.accept(this.session, this.#sockets.accepted(socket, options), this.counters);
    });
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  /** A program that is connected and says this. */
  async program(said = ''): Promise<Socket> {
    const address = this.#server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const program = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    program.on('error', () => undefined);
    this.#programs.add(program);
    const accepted = once(this.#server, 'connection');
    if (said !== '') program.write(wire(said));
    await accepted;
    return program;
  }

  close(): void {
    this.proxy.close();
    this.#server.close();
    for (const program of this.#programs) program.destroy();
  }
}

const labs: Lab[] = [];

afterEach(() => {
  for (const lab of labs.splice(0)) lab.close();
});

async function makeLab(): Promise<Lab> {
  const lab = await new Lab().start();
  labs.push(lab);
  return lab;
}

/** Lets the sockets do what they have to, and virtual time what is due. */
async function turns(lab: Lab): Promise<void> {
  for (let i = 0; i < 20; i += 1) {
    await new Promise(setImmediate);
    lab.pair.run();
  }
}

test.each(['', HELLO, "04 01 0050 c0000201 'no end'"])(
  'a program that has said only "%s" is cut off after a minute',
  async (said) => {
    const lab = await makeLab();
    const death = deathOf(await lab.program(said));
    await turns(lab);
    lab.pair.clock.advance(HANDSHAKE_TIMEOUT_MS);
    expect(await death).toBe('ECONNRESET');
    expect(lab.pair.clock.pending).toBe(0);
  },
);

test('the end of the session cuts off who has not said what it wants', async () => {
  const lab = await makeLab();
  const death = deathOf(await lab.program(HELLO));
  await turns(lab);
  lab.proxy.close();
  expect(await death).toBe('ECONNRESET');
  expect(lab.pair.clock.pending).toBe(0);
});

test('more than a thousand who say nothing shut out others only until they are cut off', async () => {
  const lab = await makeLab();
  const idle: Socket[] = [];
  for (let i = 0; i < MAX_HANDSHAKES; i += 1) idle.push(await lab.program());
  expect(await deathOf(await lab.program(HELLO))).toBe('ECONNRESET');
  expect(lab.counters).toMatchObject({ refused: 1, open: 0, waiting: 0 });
  lab.pair.clock.advance(HANDSHAKE_TIMEOUT_MS);
  const program = await lab.program(HELLO);
  const [reply] = (await once(program, 'data')) as [Buffer];
  expect([...reply]).toEqual([5, 0]);
});

test.each([
  ['goes away without a word', (program: Socket) => void program.end()],
  ['is reset', (program: Socket) => void program.resetAndDestroy()],
  ['sends what is no SOCKS, and goes', (program: Socket) => void program.end('\x16\x03\x01')],
  ['asks for what is not there, and goes', (program: Socket) => void program.end('\x05\x01\x02')],
  ['asks in HTTP', (program: Socket) => void program.end('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
])('nothing is left of a program that %s', async (_, act) => {
  const lab = await makeLab();
  const program = await lab.program();
  act(program);
  await Promise.all([deathOf(program), soon(() => lab.pair.clock.pending === 0)]);
  expect(lab.counters).toMatchObject({ open: 0, waiting: 0 });
});

test('who is refused and goes on talking is listened to until it has closed, and heard by nobody', async () => {
  const lab = await makeLab();
  const program = await lab.program(`${HELLO} ${CONNECT}`);
  await turns(lab);
  program.resume();
  await new Promise((resolve) => program.write(Buffer.alloc(8_000_000), resolve));
  const closed = deathOf(program);
  program.end();
  expect(await closed).toBeUndefined();
  await soon(() => lab.pair.clock.pending === 0);
  expect(lab.counters).toMatchObject({ refused: 1, open: 0, waiting: 0, bytesOut: 0 });
});

test('who is refused and never closes is cut off', async () => {
  const lab = await makeLab();
  const program = await lab.program(`${HELLO} ${CONNECT}`);
  await turns(lab);
  const told = once(program, 'end');
  program.resume();
  await told;
  lab.pair.clock.advance(LINGER_MS);
  while (!program.destroyed) {
    program.write('x');
    await new Promise(setImmediate);
  }
  expect(lab.pair.clock.pending).toBe(0);
});

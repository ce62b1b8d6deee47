import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { systemCodeOf } from '../../src/base/errors.ts';
import { Connections } from '../../src/forward/connections.ts';
import { streamSockets } from '../../src/forward/connector.ts';
import { ForwardCounters } from '../../src/forward/forward-counters.ts';
import { StreamSocket } from '../../src/link/stream-socket.ts';
import type { Channel, IncomingOpen } from '../../src/mux/channel.ts';
import { MuxPair } from '../mux/mux-pair.ts';
import { soon } from './forward-lab.ts';

const open: { close(): void }[] = [];

afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

/** A program that is connected here, and the far end of its channel, at which the test is; time passes when it says so. */
class Lab {
  readonly pair = new MuxPair();
  readonly counters = new ForwardCounters();
  readonly connections = new Connections(this.pair.clock, this.pair.client);
  readonly far: string[] = [];
  readonly program: Socket;
  incoming: IncomingOpen | undefined;
  channel: Channel | undefined;

  private constructor(program: Socket) {
    this.program = program;
    this.pair.onServerOpen = (incoming) => {
      this.incoming = incoming;
    };
  }

  static async start(): Promise<Lab> {
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const program = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).pause();
    program.on('error', () => undefined);
    open.push(server, { close: () => program.destroy() });
    const [accepted] = (await once(server, 'connection')) as [Socket];
    const lab = new Lab(program);
    const options = { label: 'program', localAddress: undefined, isResettable: true };
    lab.connections.ask(
      streamSockets().accepted(accepted, options),
      { kind: 'tcp', metadata: {}, stream: 1, priority: 'forward' },
      lab.counters,
    );
    lab.pair.run();
    return lab;
  }

  /** Lets the sockets do what they have to, and the channel carry what is there. */
  async turns(): Promise<void> {
    for (let i = 0; i < 20; i += 1) {
      await new Promise(setImmediate);
      this.pair.run();
    }
  }

  accept(): Channel {
    this.channel = this.incoming?.accept(
      {},
      {
        onData: (bytes) => {
          this.far.push(`${bytes.length} bytes`);
          this.channel?.consumed(bytes.length);
        },
        onEof: () => this.far.push('end'),
        onReset: (_, { code, text }) => this.far.push(`reset ${code} ${text}`),
      },
      { priority: 'forward' },
    );
    this.pair.run();
    if (this.channel === undefined) throw new Error('nothing was asked');
    return this.channel;
  }

  get numbers(): readonly number[] {
    return [this.counters.open, this.counters.waiting, this.connections.count];
  }
}

/** Reads all of it; resolves to `end`, or to the error that the program sees. */
function endingOf(program: Socket): Promise<string> {
  return new Promise((resolve) => {
    new StreamSocket(program, { label: 'program', isResettable: true }).start({
      onBytes: () => undefined,
      onEnd: () => resolve('end'),
      onDrain: () => undefined,
      onClose: (error) => resolve(systemCodeOf(error?.cause) ?? 'closed'),
    });
  });
}

/** Fills every buffer up to the program, which reads nothing. */
async function fill(lab: Lab, channel: Channel): Promise<void> {
  channel.write(new Uint8Array(30_000_000));
  for (let before = -1; before !== lab.counters.bytesIn; ) {
    before = lab.counters.bytesIn;
    await lab.turns();
  }
}

test('a reset of the far side waits for no program that reads nothing, and looks like no end', async () => {
  const lab = await Lab.start();
  await fill(lab, lab.accept());
  lab.channel?.reset(8, 'connection reset');
  await lab.turns();
  expect(lab.numbers).toEqual([0, 0, 0]);
  expect(await endingOf(lab.program)).toBe('ECONNRESET');
  expect(lab.pair.clock.pending).toBe(0);
});

test('what a program said before it was reset is sent before the reset, once the link takes it', async () => {
  const lab = await Lab.start();
  lab.accept();
  await new Promise((resolve) => lab.program.write(Buffer.alloc(50_000), resolve));
  await soon(() => lab.counters.bytesOut === 50_000);
  lab.program.resetAndDestroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(lab.numbers).toEqual([1, 0, 1]);
  lab.pair.run();
  lab.pair.clock.advance(1000);
  lab.pair.run();
  expect(lab.far.at(-1)).toBe('reset 8 connection reset');
  const lengths = lab.far.slice(0, -1).map((each) => Number.parseInt(each, 10));
  expect(lengths.reduce((sum, each) => sum + each, 0)).toBe(50_000);
  expect(lab.numbers).toEqual([0, 0, 0]);
  expect(lab.pair.clock.pending).toBe(0);
});

test('what waits for a link to be sent before a reset is given up with the session', async () => {
  const lab = await Lab.start();
  lab.accept();
  await new Promise((resolve) => lab.program.write(Buffer.alloc(50_000), resolve));
  await soon(() => lab.counters.bytesOut === 50_000);
  lab.program.resetAndDestroy();
  await soon(() => lab.pair.clock.pending > 0);
  lab.pair.client.close();
  expect(lab.numbers).toEqual([0, 0, 0]);
  expect(lab.pair.clock.pending).toBe(0);
});

test('a program that is reset before its target was reached takes its question back at once', async () => {
  const lab = await Lab.start();
  await new Promise((resolve) => lab.program.write(Buffer.alloc(50_000), resolve));
  await soon(() => lab.counters.bytesOut === 50_000);
  lab.program.resetAndDestroy();
  await soon(() => lab.connections.count === 0);
  lab.pair.run();
  expect(lab.incoming?.isCancelled).toBe(true);
  expect(lab.numbers).toEqual([0, 0, 0]);
  expect(lab.pair.clock.pending).toBe(0);
});

test('a program that ends in order is told to the far side as an end, and is over when both have ended', async () => {
  const lab = await Lab.start();
  const channel = lab.accept();
  lab.program.end('bye');
  channel.write(Buffer.from('answer'));
  channel.end();
  const ending = endingOf(lab.program);
  await soon(() => {
    lab.pair.run();
    return lab.connections.count === 0;
  });
  expect(await ending).toBe('end');
  expect(lab.far).toEqual(['3 bytes', 'end']);
  expect(lab.program.bytesRead).toBe(6);
});

import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import type { Channel } from '../../src/mux/channel.ts';
import { DuplexMux } from '../../src/mux/duplex-mux.ts';
import { ChannelLog } from './channel-log.ts';

const ASK = { kind: 'test', metadata: {}, priority: 'forward' } as const;

/** One end of a pipe in memory; what is written to it is read at the other. */
class PipeEnd extends Duplex {
  other: PipeEnd | undefined;
  #resume: (() => void) | undefined;

  override _read(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    if (this.other === undefined) return;
    if (this.other.push(Buffer.from(bytes))) done();
    else this.other.#resume = done;
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }
}

function pipe(): [PipeEnd, PipeEnd] {
  const [one, two] = [new PipeEnd(), new PipeEnd()];
  one.other = two;
  two.other = one;
  return [one, two];
}

/** Waits until `holds`; the runner's own timeout ends a wait that never does. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

function connected() {
  const [here, there] = pipe();
  const ends: string[] = [];
  const far: { channel: Channel; log: ChannelLog }[] = [];
  const client = new DuplexMux(here, {
    role: 'client',
    onOpen: (incoming) => incoming.refuse(1, 'no'),
    onClose: (error) => ends.push(`client ${error.message}`),
  });
  const server = new DuplexMux(there, {
    role: 'server',
    onOpen: (incoming) => {
      const log = new ChannelLog();
      const channel = incoming.accept({}, log, { priority: 'forward' });
      far.push({ channel, log: log.read(channel) });
    },
    onClose: (error) => ends.push(`server ${error.message}`),
  });
  return { client, server, far, ends, here, there };
}

test('20 MB each way over eight channels at once arrive, through a duplex with its own backpressure', async () => {
  const { client, far } = connected();
  const near = Array.from({ length: 8 }, () => {
    const log = new ChannelLog();
    const channel = client.open(ASK, log);
    log.read(channel);
    log.keeps = false;
    return { channel, log };
  });
  await until(() => far.length === 8);
  const all = [...near, ...far];
  for (const { channel, log } of all) {
    log.keeps = false;
    for (let i = 0; i < 25; i += 1) channel.write(new Uint8Array(100_000));
    channel.end();
  }
  await until(() => all.every(({ channel }) => !channel.isOpen));
  for (const { log } of all) expect(log.byteCount).toBe(2_500_000);
  expect(client.channelCount).toBe(0);
});

test('close ends the channels and the connection at both ends, after what was sent', async () => {
  const { client, far, ends } = connected();
  const channel = client.open(ASK, new ChannelLog());
  channel.write(utf8('last words'));
  channel.note({ done: true });
  await until(() => channel.bufferedBytes === 0);
  client.close();
  await until(() => ends.length === 2);
  expect(ends).toEqual([
    'client the mux was closed',
    'server the other end has ended the connection',
  ]);
  expect(far[0]?.log.text).toBe('last words');
  expect(far[0]?.log.lines.slice(-2)).toEqual([
    'reset 0 the other end has ended the connection',
    'close',
  ]);
  expect(() => client.open(ASK, new ChannelLog())).toThrow('the mux was closed');
});

test('a mux may be closed from the onClose of its last channel, and the other end learns how that ended', async () => {
  const { client, far, ends } = connected();
  const log = new ChannelLog();
  const channel = client.open(ASK, log);
  log.read(channel);
  log.onClose = () => client.close();
  channel.write(utf8('q'));
  await until(() => far.length === 1);
  far[0]?.channel.end();
  await until(() => log.lines.includes('eof at 0'));
  channel.end();
  await until(() => ends.length === 2);
  expect(far[0]?.log.lines).toEqual(['eof at 1', 'close']);
});

test('bytes that are no messages end the mux with a reason, and destroy the duplex', async () => {
  const { client, ends, here, there } = connected();
  const log = new ChannelLog();
  client.open(ASK, log);
  there.write(Buffer.from([0xff, 0xff]));
  await until(() => ends.length > 0);
  expect(ends[0]).toBe('client message type 255');
  expect(log.lines).toEqual(['reset 0 message type 255', 'close']);
  expect(here.destroyed).toBe(true);
});

test('an error of the duplex reaches every channel', async () => {
  const { client, ends, here } = connected();
  const log = new ChannelLog();
  const channel = client.open(ASK, log);
  expect(channel.sendDatagram(utf8('x'))).toBe(false);
  here.destroy(new Error('cable pulled'));
  await until(() => ends.length > 0);
  expect(log.lines).toEqual(['reset 0 cable pulled', 'close']);
});

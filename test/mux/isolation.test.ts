import { expect, test } from 'vitest';
import type { Channel } from '../../src/mux/channel.ts';
import { ChannelLog } from './channel-log.ts';
import { MuxPair } from './mux-pair.ts';
import { runTimed } from './timed-run.ts';

const ONE_WAY_MS = 25;
const LINK = { oneWayMs: ONE_WAY_MS, bytesPerMs: 1000, recordBytes: 4000 };

/** A terminal whose server echoes, and how long each key's echo took. */
function echoing(pair: MuxPair): { press: () => void; delaysMs: number[] } {
  const delaysMs: number[] = [];
  const pressedMs: number[] = [];
  const onData = (bytes: Uint8Array): void => {
    for (let i = 0; i < bytes.length; i += 1) {
      delaysMs.push(pair.clock.now() - (pressedMs.shift() as number));
    }
    near.consumed(bytes.length);
  };
  const near = pair.client.open(
    { kind: 'terminal', metadata: {}, priority: 'terminal' },
    { onData },
  );
  const press = (): void => {
    pressedMs.push(pair.clock.now());
    near.write(Uint8Array.of(0x6b));
  };
  return { press, delaysMs };
}

test('fifty stalled forwards and one bulk both ways leave a key its echo within 20 ms, and lose nothing in ten minutes', () => {
  const pair = new MuxPair();
  pair.rttMs = 2 * ONE_WAY_MS;
  const stalled: { channel: Channel; log: ChannelLog }[] = [];
  const far: Channel[] = [];
  pair.onServerOpen = (incoming) => {
    if (incoming.kind === 'terminal') {
      const onData = (bytes: Uint8Array): void => {
        shell.write(bytes.slice());
        shell.consumed(bytes.length);
      };
      const shell = incoming.accept({}, { onData }, { priority: 'terminal' });
      return;
    }
    const log = new ChannelLog();
    log.keeps = false;
    const priority = incoming.kind === 'bulk' ? 'bulk' : 'forward';
    const channel = incoming.accept({}, log, { priority });
    if (incoming.kind === 'bulk') far.push(channel);
    if (incoming.kind === 'bulk') log.read(channel);
    else stalled.push({ channel, log });
  };
  const { press, delaysMs } = echoing(pair);
  for (let i = 0; i < 50; i += 1) {
    const request = { kind: 'forward', metadata: {}, priority: 'forward' } as const;
    pair.client.open(request, new ChannelLog()).write(new Uint8Array(300_000));
  }
  const log = new ChannelLog();
  log.keeps = false;
  const bulk = pair.client.open({ kind: 'bulk', metadata: {}, priority: 'bulk' }, log);
  log.read(bulk);
  runTimed(pair, LINK, 10_000);

  const before = log.byteCount;
  const feed = (channel: Channel | undefined): void => {
    if ((channel?.bufferedBytes ?? 0) < 100_000) channel?.write(new Uint8Array(100_000));
  };
  runTimed(pair, LINK, 5000, () => {
    feed(bulk);
    feed(far[0]);
    if (pair.clock.now() % 37 === 0) press();
  });
  expect(delaysMs.length).toBeGreaterThan(100);
  expect(Math.max(...delaysMs)).toBeLessThanOrEqual(2 * ONE_WAY_MS + 20);
  expect(log.byteCount - before).toBeGreaterThan(0.9 * 5000 * LINK.bytesPerMs);

  pair.clock.advance(600_000);
  for (const one of stalled) one.log.read(one.channel);
  pair.run();
  for (const one of stalled) expect(one.log.byteCount).toBe(300_000);
});

import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { CLOSE_GRACE_MS } from '../../src/link/socket-carrier.ts';
import { StdioCarrier } from '../../src/link/stdio-carrier.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { CarrierLog, patternAt } from './carrier-conformance.ts';
import { turnUntil } from './real-time.ts';

function world() {
  const clock = new VirtualClock();
  const readable = new PassThrough();
  const writable = new PassThrough({ highWaterMark: 1000 });
  const kills: number[] = [];
  const kill = (): void => void kills.push(clock.now());
  const carrier = new StdioCarrier(clock, { label: 'ssh-stdio host', readable, writable, kill });
  return { clock, readable, writable, kills, carrier, log: new CarrierLog() };
}

test('a child whose stdin is gone is still read to its end', async () => {
  const { readable, writable, kills, carrier, log } = world();
  carrier.start(log);
  const isGone = once(writable, 'close');
  writable.destroy();
  await isGone;
  expect(log.closed).toBe('no');
  readable.end(patternAt(0, 50_000));
  await turnUntil(() => log.closed !== 'no');
  expect(log).toMatchObject({ receivedBytes: 50_000, wrongAt: undefined, closed: 'ended' });
  expect(kills).toEqual([]);
});

/** What a write to an exited child's stdin fails with. */
const EPIPE = new Error('EPIPE');
const EPIPE_TOLD = {
  code: 'ET_ERR_CARRIER',
  message: 'ssh-stdio host: EPIPE',
  cause: EPIPE,
};

test('an error of the readable ends it, with its cause', async () => {
  const { readable, writable, carrier, log } = world();
  carrier.start(log);
  readable.destroy(EPIPE);
  await turnUntil(() => log.closed !== 'no');
  expect(log.closed).toMatchObject(EPIPE_TOLD);
  expect([readable.destroyed, writable.destroyed]).toEqual([true, true]);
});

test('a child that no longer takes anything is still read to its end', async () => {
  const { clock, readable, writable, carrier, log } = world();
  carrier.start(log);
  writable.destroy(EPIPE);
  await turnUntil(() => clock.pending === 1);
  carrier.write([patternAt(0, 100)]);
  readable.end(patternAt(0, 50_000));
  await turnUntil(() => log.closed !== 'no');
  expect(log).toMatchObject({ receivedBytes: 50_000, wrongAt: undefined, closed: 'ended' });
  expect(clock.pending).toBe(0);
});

test('a child that no longer takes anything and does not end is left after the grace', async () => {
  const { clock, readable, writable, carrier, log } = world();
  carrier.start(log);
  writable.destroy(EPIPE);
  await turnUntil(() => clock.pending === 1);
  clock.advance(CLOSE_GRACE_MS - 1);
  expect(log.closed).toBe('no');
  clock.advance(1);
  expect(log.closed).toMatchObject(EPIPE_TOLD);
  expect([readable.destroyed, clock.pending]).toEqual([true, 0]);
});

test('a readable that is destroyed without an end ends it too', async () => {
  const { readable, carrier, log } = world();
  carrier.start(log);
  readable.destroy();
  await turnUntil(() => log.closed !== 'no');
});

test('an end before start waits for start, and for the call to return', async () => {
  const { clock, readable, carrier, log } = world();
  const isClosed = once(readable, 'close');
  readable.destroy();
  await isClosed;
  carrier.start(log);
  expect(log.closed).toBe('no');
  clock.advance(0);
  expect(log.closed).toBe('ended');
});

test('reset kills what is behind it, once', () => {
  const { clock, readable, writable, kills, carrier } = world();
  carrier.reset();
  carrier.reset();
  expect(kills).toEqual([0]);
  expect([readable.destroyed, writable.destroyed, clock.pending]).toEqual([true, true, 0]);
});

test('a close that nobody answers ends in a kill after the grace', async () => {
  const { clock, writable, kills, carrier } = world();
  carrier.write([patternAt(0, 100)]);
  carrier.close();
  writable.resume();
  await turnUntil(() => writable.writableFinished);
  clock.advance(CLOSE_GRACE_MS - 1);
  expect(kills).toEqual([]);
  clock.advance(1);
  expect(kills).toEqual([CLOSE_GRACE_MS]);
  expect(clock.pending).toBe(0);
});

test('a close is let go on while it gets rid of bytes', () => {
  const clock = new VirtualClock();
  const taken: (() => void)[] = [];
  const writable = new Writable({ write: (_chunk, _encoding, done) => void taken.push(done) });
  const kills: number[] = [];
  const kill = (): void => void kills.push(clock.now());
  const carrier = new StdioCarrier(clock, {
    label: 'slow',
    readable: new PassThrough(),
    writable,
    kill,
  });
  for (let i = 0; i < 10; i += 1) carrier.write([patternAt(0, 900)]);
  carrier.close();
  for (let i = 0; i < 3; i += 1) {
    taken.at(-1)?.();
    clock.advance(CLOSE_GRACE_MS);
  }
  expect(kills).toEqual([]);
  clock.advance(CLOSE_GRACE_MS);
  expect(kills).toEqual([4 * CLOSE_GRACE_MS]);
});

test('a close that is answered kills nothing and leaves no timer', async () => {
  const { clock, readable, writable, kills, carrier } = world();
  carrier.close();
  writable.resume();
  readable.end();
  await turnUntil(() => readable.destroyed && writable.destroyed);
  expect([kills.length, clock.pending]).toEqual([0, 0]);
});

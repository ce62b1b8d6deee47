import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { PassThrough, type Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { type SpliceEnd, splice } from '../../src/link/splice.ts';
import { patternAt } from './carrier-conformance.ts';
import { turnUntil } from './real-time.ts';

/** A connection to this process: what `etserver connect` holds, and the far end of it. */
async function connection(): Promise<{ near: Socket; far: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const near = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const [far] = (await once(server, 'connection')) as [Socket];
  server.close();
  for (const socket of [near, far]) {
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
  }
  return { near, far };
}

/** All bytes up to the end; unlike `stream/consumers` it leaves a socket's other direction open. */
function buffer(readable: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  readable.on('data', (chunk: Buffer) => chunks.push(chunk));
  return once(readable, 'end').then(() => Buffer.concat(chunks));
}

const endOf = (socket: Socket): SpliceEnd => ({ readable: socket, writable: socket });
const stdio = () => ({ readable: new PassThrough(), writable: new PassThrough() });

test('bytes pass both ways, and each end is passed on by itself', async () => {
  const { near, far } = await connection();
  const left = stdio();
  const joined = splice(left, endOf(near));
  const atFar = buffer(far);
  const atLeft = buffer(left.writable);
  left.readable.end(patternAt(0, 200_000));
  expect((await atFar).equals(patternAt(0, 200_000))).toBe(true);
  far.write(patternAt(0, 100_000));
  far.end(patternAt(100_000, 100_000));
  expect((await atLeft).equals(patternAt(0, 200_000))).toBe(true);
  await joined;
  await turnUntil(() => near.destroyed);
});

test('an end that does not read holds the other back', async () => {
  const { near, far } = await connection();
  const left = stdio();
  const joined = splice(left, endOf(near));
  let accepted = 0;
  let turnsWithoutRoom = 0;
  await turnUntil(() => {
    if (left.readable.writableNeedDrain) turnsWithoutRoom += 1;
    else {
      turnsWithoutRoom = 0;
      left.readable.write(patternAt(accepted, 65_521));
      accepted += 65_521;
    }
    return turnsWithoutRoom > 200;
  });
  expect(accepted).toBeLessThan(32 * 1024 * 1024);
  left.readable.end();
  const received = await buffer(far);
  expect(received.length).toBe(accepted);
  far.end();
  left.writable.resume();
  await joined;
});

test('the failure of one end destroys the other, and is told', async () => {
  const { near, far } = await connection();
  const left = stdio();
  const joined = splice(left, endOf(near));
  await turnUntil(() => !near.connecting);
  far.resetAndDestroy();
  await expect(joined).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect([left.readable.destroyed, left.writable.destroyed, near.destroyed]).toEqual([
    true,
    true,
    true,
  ]);
});

test('the failure of the left end resets nothing silently: the right end is destroyed', async () => {
  const { near, far } = await connection();
  const left = stdio();
  const joined = splice(left, endOf(near));
  left.writable.destroy(new Error('EPIPE'));
  await expect(joined).rejects.toThrow('EPIPE');
  far.resume();
  await once(far, 'end');
});

test('with when-right-ended it is over then, once everything was handed on', async () => {
  const { near, far } = await connection();
  const left = stdio();
  const joined = splice(left, endOf(near), 'when-right-ended');
  const atLeft = buffer(left.writable);
  far.end(patternAt(0, 300_000));
  await joined;
  expect((await atLeft).equals(patternAt(0, 300_000))).toBe(true);
  expect([left.readable.destroyed, near.destroyed]).toEqual([true, true]);
});

test('with when-right-ended the end of the left is still passed on first', async () => {
  const { near, far } = await connection();
  const left = stdio();
  const joined = splice(left, endOf(near), 'when-right-ended');
  left.writable.resume();
  left.readable.end(patternAt(0, 300_000));
  expect((await buffer(far)).length).toBe(300_000);
  const answer = once(left.writable, 'data');
  far.write('an answer to all of it');
  expect(String((await answer)[0])).toBe('an answer to all of it');
  far.end();
  await joined;
});

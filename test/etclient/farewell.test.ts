import { expect, test } from 'vitest';
import { Farewell, SENT_WITHIN_MS } from '../../src/etclient/farewell.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A client whose one link holds back 40 bytes of what its end writes, until it is told to flow. */
class HoldingClient {
  readonly secure = { queuedBytes: 0 };
  readonly session = { isOver: false, links: [{ secure: this.secure }] };
  endCount = 0;

  end(): void {
    this.endCount += 1;
    this.session.isOver = true;
    this.session.links = [];
    this.secure.queuedBytes = 40;
  }
}

/** How many milliseconds it takes, each of which is heeded. */
async function settledAfterMs(clock: VirtualClock, ended: Promise<string>): Promise<number> {
  let value: string | undefined;
  void ended.then((end) => {
    value = end;
  });
  for (let ms = 0; ; ms += 1) {
    for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
    if (value === 'the end') return ms;
    clock.advance(1);
  }
}

test('the end waits until the link has handed on the last byte', async () => {
  const clock = new VirtualClock();
  const client = new HoldingClient();
  const farewell = new Farewell(clock);
  farewell.say(client);
  clock.schedule(12, () => {
    client.secure.queuedBytes = 0;
  });
  const afterMs = await settledAfterMs(clock, farewell.after(Promise.resolve('the end')));
  expect(afterMs).toBeGreaterThanOrEqual(12);
  expect(afterMs).toBeLessThanOrEqual(20);
  expect(clock.pending).toBe(0);
});

test('a link that takes nothing is not waited for without end', async () => {
  const clock = new VirtualClock();
  const farewell = new Farewell(clock);
  farewell.say(new HoldingClient());
  const afterMs = await settledAfterMs(clock, farewell.after(Promise.resolve('the end')));
  expect(afterMs).toBe(SENT_WITHIN_MS);
  expect(clock.pending).toBe(0);
});

test('without a farewell nothing is waited for, and a session ends once', async () => {
  const clock = new VirtualClock();
  const farewell = new Farewell(clock);
  expect(await settledAfterMs(clock, farewell.after(Promise.resolve('the end')))).toBe(0);
  const client = new HoldingClient();
  farewell.say(client);
  farewell.say(client);
  expect(client.endCount).toBe(1);
});

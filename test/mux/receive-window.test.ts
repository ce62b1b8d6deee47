import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CreditPool, MIN_WINDOW_BYTES } from '../../src/mux/credit-pool.ts';
import { ReceiveWindow } from '../../src/mux/receive-window.ts';
import { MAX_CREDIT_SUM_BYTES, MAX_NOTE_BYTES } from '../../src/wire/limits.ts';

interface Model {
  readonly window: ReceiveWindow;
  limit: number;
  received: number;
  consumed: number;
}

const step = fc.record({
  which: fc.nat(5),
  part: fc.double({ min: 0, max: 1, noNaN: true }),
  ms: fc.nat(200),
  action: fc.constantFrom(
    ...(['receive', 'receive', 'consume', 'consume', 'end', 'release'] as const),
  ),
});

/** The peer sends `part` of what it may, and not one byte more. */
function receive(model: Model, part: number): void {
  const bytes = Math.ceil(part * (model.limit - model.received));
  expect(model.window.receive(bytes)).toBe(true);
  model.received += bytes;
  expect(model.window.receive(model.limit - model.received + 1)).toBe(false);
}

/** The owner uses up `part` of what has come. */
function consume(model: Model, part: number): void {
  const { window } = model;
  const bytes = Math.ceil(part * (model.received - model.consumed));
  model.consumed += bytes;
  const limit = window.consume(bytes) ? window.grant() : model.limit;
  expect(limit).toBeGreaterThanOrEqual(model.limit);
  model.limit = limit;
  expect(limit - model.consumed).toBeGreaterThan(0.74 * window.windowBytes);
}

const actions = {
  receive,
  consume,
  end: ({ window }: Model) => window.endPeer(),
  release: ({ window }: Model) => window.release(),
};

test('limits never fall, windows bound what is out, and the pool its sum, whatever the order of things', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const pool = new CreditPool();
      const path = { now: 0, rttMs: 500, nowMs: () => path.now };
      const models = new Map<number, Model>();
      for (let i = 0; i < 6; i += 1) {
        const window = new ReceiveWindow(pool, path, 0);
        models.set(i, { window, limit: window.start({}), received: 0, consumed: 0 });
      }
      for (const { which, part, ms, action } of steps) {
        const model = models.get(which);
        path.now += ms;
        if (model === undefined) continue;
        if (action === 'release') models.delete(which);
        actions[action](model, part);
        expect(pool.usedBytes).toBeLessThanOrEqual(CreditPool.CAPACITY_BYTES);
        expect(pool.usedBytes).toBeGreaterThanOrEqual(0);
      }
      for (const model of models.values()) model.window.release();
      expect(pool.usedBytes).toBe(0);
    }),
  );
});

test('when nothing is free a window still holds the largest note with the quarter that is granted late', () => {
  expect(0.75 * MIN_WINDOW_BYTES).toBeGreaterThan(MAX_NOTE_BYTES);
  const pool = new CreditPool();
  pool.change(0, CreditPool.CAPACITY_BYTES + MIN_WINDOW_BYTES);
  const path = { rttMs: 1, nowMs: () => 0 };
  const window = new ReceiveWindow(pool, path, 0);
  expect(window.start({})).toBe(MIN_WINDOW_BYTES);
  for (let i = 0; i < 10_000; i += 1) {
    window.receive(100);
    if (window.consume(100)) window.grant();
    expect(window.limit - (i + 1) * 100).toBeGreaterThan(MAX_NOTE_BYTES);
  }
  expect(CreditPool.CAPACITY_BYTES).toBeLessThan(MAX_CREDIT_SUM_BYTES);
});

test('a consumer that keeps up doubles its window each half window, up to four times its rate in a round trip', () => {
  const path = { now: 0, rttMs: 100, nowMs: () => path.now };
  const window = new ReceiveWindow(new CreditPool(), path, 0);
  let limit = window.start({});
  let received = 0;
  // 1,000 bytes a ms: a round trip's worth is 100,000 bytes, four times that 400,000.
  for (; path.now < 10_000; path.now += 1) {
    const bytes = Math.min(1000, limit - received);
    window.receive(bytes);
    received += bytes;
    if (window.consume(bytes)) limit = window.grant();
  }
  expect(window.windowBytes).toBeGreaterThanOrEqual(400_000);
  expect(window.windowBytes).toBeLessThan(800_000);
});

test('what comes before anything is granted is bounded by the early allowance', () => {
  const window = new ReceiveWindow(new CreditPool(), { rttMs: 1, nowMs: () => 0 }, 8192);
  expect(window.receive(8192)).toBe(true);
  expect(window.receive(1)).toBe(false);
  expect(window.consume(0)).toBe(false);
  expect(window.start({ initialBytes: 3000 })).toBe(3000);
  expect(window.limit).toBe(8192);
});

import { expect, test } from 'vitest';
import { DeliveryRate, type RateMark } from '../../src/backed/delivery-rate.ts';

const RTT_MS = 100;

/** A sender that always has records of 1,000 bytes on their way, one each `spacingMs`, acknowledged one by one. */
class SteadySender {
  readonly rate = new DeliveryRate();
  readonly #onTheirWay: { readonly mark: RateMark; readonly arrivesMs: number }[] = [];
  nowMs = 0;

  /** Sends `count` records; `thinks` says before each that the application has no more. */
  send(count: number, spacingMs: number, isLimited: boolean): void {
    for (let i = 0; i < count; i += 1) {
      this.nowMs += spacingMs;
      this.#acknowledge();
      const inFlight = this.#onTheirWay.length * 1000;
      if (isLimited) this.rate.applicationLimited(inFlight);
      this.#onTheirWay.push({
        mark: this.rate.mark(this.nowMs, inFlight),
        arrivesMs: this.nowMs + RTT_MS,
      });
    }
  }

  #acknowledge(): void {
    for (;;) {
      const [first] = this.#onTheirWay;
      if (first === undefined || first.arrivesMs > this.nowMs) return;
      this.#onTheirWay.shift();
      this.rate.sample(first.arrivesMs, 1000, first.mark);
    }
  }
}

test('nothing is known before something was acknowledged', () => {
  const rate = new DeliveryRate();
  rate.mark(0, 0);
  expect(rate.bytesPerMs).toBe(undefined);
});

test('is what arrives, per millisecond', () => {
  const sender = new SteadySender();
  sender.send(300, 2, false);
  expect(sender.rate.bytesPerMs).toBeCloseTo(500, -1);
  expect(sender.rate.delivered).toBeGreaterThan(200_000);
});

test('a round trip counts as full where there was always something to send', () => {
  const sender = new SteadySender();
  sender.send(400, 1, false);
  const { fullRounds, round } = sender.rate;
  expect(fullRounds).toBeGreaterThanOrEqual(round - 2);
  for (let i = 0; i < 20; i += 1) {
    // Nothing for a moment, early in each.
    sender.send(1, 1, true);
    sender.send(99, 1, false);
  }
  expect(sender.rate.round).toBeGreaterThan(round + 15);
  expect(sender.rate.fullRounds).toBeLessThanOrEqual(fullRounds + 1);
});

test('falls within about ten round trips when the link became slower', () => {
  const sender = new SteadySender();
  sender.send(500, 1, false);
  expect(sender.rate.bytesPerMs).toBeCloseTo(1000, -2);
  sender.send(30, 10, false);
  expect(sender.rate.bytesPerMs).toBeGreaterThan(900);
  sender.send(200, 10, false);
  expect(sender.rate.bytesPerMs).toBeCloseTo(100, -1);
});

test('does not fall while the application has little to send, however long', () => {
  const sender = new SteadySender();
  sender.send(500, 1, false);
  const { fullRounds } = sender.rate;
  sender.send(2000, 50, true);
  expect(sender.rate.bytesPerMs).toBeGreaterThan(900);
  expect(sender.rate.fullRounds).toBeLessThanOrEqual(fullRounds + 2);
  expect(sender.rate.round).toBeGreaterThan(fullRounds + 100);
});

test('rises by a sample of the application, since the link cannot be slower than what it carried', () => {
  const sender = new SteadySender();
  sender.send(200, 10, false);
  sender.send(300, 1, true);
  expect(sender.rate.bytesPerMs).toBeGreaterThan(900);
});

test('bytes acknowledged in the moment they were sent make no infinite rate', () => {
  const rate = new DeliveryRate();
  const mark = rate.mark(5, 0);
  rate.sample(5, 1000, mark);
  expect(rate.bytesPerMs).toBe(undefined);
});

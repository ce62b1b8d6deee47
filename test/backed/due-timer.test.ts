import { expect, test } from 'vitest';
import { DueTimer } from '../../src/backed/due-timer.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

function watch(): { clock: VirtualClock; timer: DueTimer; log: string[] } {
  const clock = new VirtualClock();
  const log: string[] = [];
  const timer = new DueTimer(clock, (lateMs) => log.push(`${clock.now()} late ${lateMs}`));
  return { clock, timer, log };
}

test('fires once, at the earliest of what it was told', () => {
  const { clock, timer, log } = watch();
  timer.arm(100);
  timer.arm(50);
  timer.arm(80);
  timer.arm(Number.POSITIVE_INFINITY);
  expect(clock.pending).toBe(1);
  clock.advance(1000);
  expect(log).toEqual(['50 late 0']);
  expect(clock.pending).toBe(0);
});

test('can be armed again once it fired, also for what is past', () => {
  const { clock, timer, log } = watch();
  timer.arm(10);
  clock.advance(10);
  timer.arm(5);
  clock.advance(0);
  expect(log).toEqual(['10 late 0', '10 late 5']);
});

test('a cancelled one is silent and can be armed again', () => {
  const { clock, timer, log } = watch();
  timer.arm(10);
  timer.cancel();
  expect(clock.pending).toBe(0);
  timer.arm(20);
  clock.advance(30);
  expect(log).toEqual(['20 late 0']);
});

import type { NetworkInterfaceInfo } from 'node:os';
import { expect, test } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import { NetworkWatch, type NetworkWatchEvents } from '../../src/link/network-watch.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

function watch(...initial: string[]) {
  const clock = new VirtualClock();
  const world = { addresses: initial, looks: 0, wallAheadMs: 0, isFailing: false };
  const log: string[] = [];
  const events: NetworkWatchEvents = {
    onAddressesChange: () => log.push(`${clock.now()} change`),
    onWake: (sleptMs) => log.push(`${clock.now()} woke after ${sleptMs}`),
  };
  const deps = {
    clock,
    wallClock: { now: () => 1e12 + clock.now() + world.wallAheadMs },
    interfaces: () => {
      world.looks += 1;
      if (world.isFailing) throw new Error('EMFILE');
      const infos = world.addresses.map((address) => ({ address }) as NetworkInterfaceInfo);
      return { eth0: infos.slice(0, 1), eth1: infos.slice(1), none: undefined };
    },
  };
  return { clock, world, log, watch: new NetworkWatch(deps, events) };
}

test('a change of the addresses is noticed within a second, once', () => {
  const { clock, world, log } = watch('10.0.0.1');
  clock.advance(3500);
  world.addresses = ['10.0.0.2'];
  clock.advance(10_000);
  world.addresses = ['10.0.0.2', 'fe80::1%eth0'];
  clock.advance(10_000);
  world.addresses = ['10.0.0.2'];
  clock.advance(10_000);
  expect(log).toEqual(['4000 change', '14000 change', '24000 change']);
});

test('interfaces that only change places are no change', () => {
  const { clock, world, log } = watch('10.0.0.1', '10.0.0.2');
  world.addresses = ['10.0.0.2', '10.0.0.1'];
  clock.advance(5000);
  expect(log).toEqual([]);
});

test('it knows the addresses of the last look, in any spelling', () => {
  const { clock, world, watch: it } = watch('10.0.0.1', 'fe80::1');
  expect(it.hasAddress('10.0.0.1')).toBe(true);
  expect(it.hasAddress('::ffff:10.0.0.1')).toBe(true);
  expect(it.hasAddress('fe80::1%wlan0')).toBe(true);
  world.addresses = [];
  clock.advance(1000);
  expect(it.hasAddress('10.0.0.1')).toBe(false);
});

test('it looks each second on alert and every 5 s when calm', () => {
  const { clock, world, watch: it } = watch('10.0.0.1');
  clock.advance(10_000);
  expect(world.looks).toBe(11);
  it.setMode('calm');
  clock.advance(20_000);
  expect(world.looks).toBe(15);
});

test('changing the mode all the time does not put the look off', () => {
  const { clock, world, log, watch: it } = watch('10.0.0.1');
  for (let i = 0; i < 40; i += 1) {
    it.setMode(i % 2 === 0 ? 'calm' : 'alert');
    clock.advance(300);
  }
  expect(world.looks).toBeGreaterThan(5);
  expect(log).toEqual([]);
});

test('sleep shows as the time of day jumping, and is told once', () => {
  const { clock, world, log } = watch('10.0.0.1');
  clock.advance(1500);
  world.wallAheadMs += 3_600_000;
  clock.advance(10_000);
  expect(log).toEqual(['2000 woke after 3600000']);
});

test('a jump of 5 s, or backwards, is no sleep', () => {
  const { clock, world, log } = watch('10.0.0.1');
  world.wallAheadMs += 5000;
  clock.advance(2000);
  world.wallAheadMs -= 7_200_000;
  clock.advance(10_000);
  expect(log).toEqual([]);
});

test('where the monotonic clock goes on during sleep, the late look shows it', () => {
  let nowMs = 0;
  let look = (): void => undefined;
  const clock: Clock = {
    now: () => nowMs,
    schedule: (_delayMs, callback) => {
      look = callback;
      return { cancel: () => undefined };
    },
    defer: () => undefined,
    afterIo: () => undefined,
  };
  const log: number[] = [];
  new NetworkWatch(
    { clock, wallClock: { now: () => nowMs }, interfaces: () => ({}) },
    { onAddressesChange: () => undefined, onWake: (sleptMs) => log.push(sleptMs) },
  );
  for (const lookedAtMs of [1000, 7000, 68_001, 69_001]) {
    nowMs = lookedAtMs;
    look();
  }
  expect(log).toEqual([60_001]);
});

test('a system that cannot say leaves the addresses as they were', () => {
  const { clock, world, log, watch: it } = watch('10.0.0.1');
  world.isFailing = true;
  clock.advance(5000);
  expect([log, it.hasAddress('10.0.0.1')]).toEqual([[], true]);
});

test('stopped, also from within its own event, it leaves no timer', () => {
  const clock = new VirtualClock();
  let wallMs = 0;
  let addresses = ['10.0.0.1'];
  const log: string[] = [];
  const it = new NetworkWatch(
    {
      clock,
      wallClock: { now: () => wallMs },
      interfaces: () => ({
        eth0: addresses.map((address) => ({ address }) as NetworkInterfaceInfo),
      }),
    },
    {
      onAddressesChange: () => log.push('change'),
      onWake: () => {
        log.push('woke');
        it.stop();
      },
    },
  );
  addresses = [];
  wallMs = 1e9;
  clock.advance(60_000);
  it.setMode('calm');
  expect(log).toEqual(['woke']);
  expect(clock.pending).toBe(0);
});

test('somebody who is there makes it look at once, and at most each second', () => {
  const { clock, world, log, watch: it } = watch('10.0.0.1');
  it.setMode('calm');
  clock.advance(2000);
  world.addresses = ['10.0.0.2'];
  it.lookNow();
  expect(log).toEqual(['2000 change']);
  clock.advance(500);
  it.lookNow();
  expect(world.looks).toBe(2);
  clock.advance(4500);
  expect(world.looks).toBe(3);
  it.stop();
  expect(clock.pending).toBe(0);
});

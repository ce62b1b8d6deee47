import { expect, test } from 'vitest';
import { UdpWaiting } from '../../src/forward/udp-waiting.ts';

test('beyond 64 KiB the oldest goes; the largest datagram of all has room', () => {
  const total = { bytes: 0 };
  const waiting = new UdpWaiting(total);
  expect(waiting.push(new Uint8Array(65_507))).toBe(0);
  expect(waiting.push(new Uint8Array(29))).toBe(0);
  expect(waiting.push(new Uint8Array(1))).toBe(1);
  expect(total.bytes).toBe(30);
  expect([waiting.shift()?.length, waiting.shift()?.length, waiting.shift()]).toEqual([
    29,
    1,
    undefined,
  ]);
  expect([total.bytes, waiting.isEmpty]).toEqual([0, true]);
});

test('beyond 64 datagrams the oldest goes, were they empty', () => {
  const waiting = new UdpWaiting({ bytes: 0 });
  let dropped = 0;
  for (let i = 0; i < 100; i += 1) dropped += waiting.push(new Uint8Array(0));
  expect([dropped, waiting.clear()]).toEqual([36, 64]);
});

test('flows that share a total keep 8 MiB at the most', () => {
  const total = { bytes: 0 };
  const flows = Array.from({ length: 300 }, () => new UdpWaiting(total));
  let dropped = 0;
  for (const flow of flows) dropped += flow.push(new Uint8Array(60_000));
  expect(total.bytes).toBeLessThanOrEqual(8 * 2 ** 20);
  expect(dropped).toBe(300 - Math.floor((8 * 2 ** 20) / 60_000));
  for (const flow of flows) flow.clear();
  expect(total.bytes).toBe(0);
});

test('what is pushed is copied', () => {
  const waiting = new UdpWaiting({ bytes: 0 });
  const bytes = Uint8Array.of(1, 2);
  waiting.push(bytes);
  bytes.fill(9);
  expect(waiting.shiftWithin(1)).toBeUndefined();
  expect(waiting.shiftWithin(2)).toEqual(Uint8Array.of(1, 2));
});

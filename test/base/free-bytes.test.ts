import { describe, expect, test } from 'vitest';
import { freeBuffer, freeBytes } from '../../src/base/free-bytes.ts';

describe('memory that is given back', () => {
  test('is gone from every view of it', () => {
    const bytes = new Uint8Array(65_536).fill(7);
    const view = bytes.subarray(10, 20);
    freeBytes(bytes);
    expect([bytes.length, view.length, bytes.buffer.byteLength]).toEqual([0, 0, 0]);
  });

  test('again and again', () => {
    for (let i = 0; i < 100; i += 1) {
      const bytes = new Uint8Array(10_000);
      freeBytes(bytes);
      expect(bytes.length).toBe(0);
      freeBytes(bytes);
    }
  });

  test('is kept where the bytes are a part of more, or little', () => {
    const whole = new Uint8Array(65_536).fill(7);
    const part = whole.subarray(0, 40_000);
    const little = new Uint8Array(100).fill(7);
    freeBytes(part);
    freeBytes(little);
    expect([whole[65_535], part[39_999], little[99]]).toEqual([7, 7, 7]);
  });

  test('may be asked for by a part, where that is the last one', () => {
    const part = new Uint8Array(65_536).subarray(60_000);
    freeBuffer(part.buffer);
    expect(part.length).toBe(0);
  });

  test('is left to the collector where others share it', () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(65_536));
    freeBytes(bytes);
    expect(bytes.length).toBe(65_536);
  });

  test('does not grow with what is freed', () => {
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 2000; i += 1) freeBytes(new Uint8Array(100_000));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
  });
});

import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { incompressibleBytes } from '../../src/base/incompressible-bytes.ts';

test('no compression shortens them, nor several blocks of 64 KiB in a row', () => {
  const block = incompressibleBytes(65_536);
  const blocks = Buffer.concat([block, block, block, block]);
  expect(deflateSync(blocks, { level: 9 }).length).toBeGreaterThan(blocks.length);
});

test('they are the same each time, and of any length', () => {
  expect(incompressibleBytes(5)).toEqual(incompressibleBytes(9).subarray(0, 5));
  expect(incompressibleBytes(0)).toEqual(new Uint8Array());
});

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DEFAULT_UDP_IDLE_SECONDS } from '../../src/etclient/cli/forward-flags.ts';
import {
  DEFAULT_UDP_IDLE_MS,
  MAX_FORWARD_FLOWS,
  MAX_TARGET_FLOWS,
  MAX_UDP_IDLE_MS,
  MIN_UDP_IDLE_MS,
  TARGET_IDLE_MS,
} from '../../src/forward/udp-limits.ts';
import { MAX_EARLY_DATA_BYTES } from '../../src/wire/limits.ts';

const protocol = readFileSync(new URL('../../PROTOCOL.md', import.meta.url), 'utf8');
const [paragraph = ''] = /^\*\*udp\*\*.*$/mu.exec(protocol) ?? [];

/** What PROTOCOL.md says of udp, with `#` for each number. */
const CLAIMS: readonly (readonly [string, readonly number[]])[] = [
  ['u16 big-endian, # bytes in all', [MAX_EARLY_DATA_BYTES]],
  [
    'in either direction for # s, or for what the user says within # s and # s',
    [DEFAULT_UDP_IDLE_MS / 1000, MIN_UDP_IDLE_MS / 1000, MAX_UDP_IDLE_MS / 1000],
  ],
  ['when it has # flows of one forward', [MAX_FORWARD_FLOWS]],
  ['of itself after # s only', [TARGET_IDLE_MS / 1000]],
  ['refuses more than # at a time', [MAX_TARGET_FLOWS]],
  ['that time in ms (#..#)', [MIN_UDP_IDLE_MS, MAX_UDP_IDLE_MS]],
];

test.each(CLAIMS)('PROTOCOL.md says the number of the code: %s', (claim, numbers) => {
  const pattern = claim
    .split('#')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/gu, '\\$&'))
    .join('([\\d,]+)');
  const found = new RegExp(pattern, 'u').exec(paragraph);
  expect(found?.slice(1).map((digits) => Number(digits.replaceAll(',', '')))).toEqual(numbers);
});

test('the flag and the code have the same default', () => {
  expect(DEFAULT_UDP_IDLE_SECONDS * 1000).toBe(DEFAULT_UDP_IDLE_MS);
});

test('whoever has the target waits for longer than any listener may', () => {
  expect(TARGET_IDLE_MS).toBeGreaterThan(MAX_UDP_IDLE_MS);
});

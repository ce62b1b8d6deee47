import { expect, test } from 'vitest';
import { linkCrypto } from '../../src/crypto/link-crypto.ts';
import { type SimResult, simulate } from './simulate.ts';

/** Seeds of every run, in groups so that a failure is found soon. More: `npm run sim -- --seeds 10000`. */
const GROUPS = 8;
const SEEDS_PER_GROUP = 50;
const STANDBY_SEEDS_PER_GROUP = 25;

function describe({ seed, failure }: SimResult, flag = ''): string | undefined {
  return failure === undefined
    ? undefined
    : `${failure}\n  replay: npm run sim -- --seed ${seed}${flag} --trace`;
}

const groups = Array.from({ length: GROUPS }, (_, group) => 1 + group * SEEDS_PER_GROUP);

test.each(groups)(
  'whatever the network does, every byte arrives once and in order: seeds from %i',
  {
    timeout: 120_000,
  },
  (from) => {
    for (let seed = from; seed < from + SEEDS_PER_GROUP; seed += 1) {
      expect(describe(simulate(seed))).toBeUndefined();
    }
  },
);

test.each(groups)(
  'the same holds of a client with --standby: seeds from %i',
  { timeout: 120_000 },
  (from) => {
    for (let seed = from; seed < from + STANDBY_SEEDS_PER_GROUP; seed += 1) {
      expect(describe(simulate(seed, { hasStandby: true }), ' --standby')).toBeUndefined();
    }
  },
);

test('the seeds reach every fault, and links are lost and joined in most of them', () => {
  const faults = new Set<string>();
  let joins = 0;
  for (let seed = 1; seed <= 60; seed += 1) {
    const result = simulate(seed);
    for (const name of result.faults.keys()) faults.add(name);
    joins += result.joinCount;
  }
  expect(faults.size).toBe(14);
  expect(joins).toBeGreaterThan(300);
}, 120_000);

test('the same holds with the cryptography that is shipped', { timeout: 120_000 }, () => {
  const crypto = linkCrypto();
  for (let seed = 1; seed <= 10; seed += 1) {
    expect(describe(simulate(seed, { crypto }))).toBeUndefined();
  }
});

test('a seed plays the same events each time', () => {
  const play = (): string[] => {
    const lines: string[] = [];
    simulate(7, { trace: (line) => lines.push(line) });
    return lines;
  };
  const first = play();
  expect(first.length).toBeGreaterThan(100);
  expect(play()).toEqual(first);
});

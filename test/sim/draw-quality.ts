import type { LinkFaults } from '../support/memory-faults.ts';
import type { SeededRandom } from '../support/seeded-random.ts';

/** A network of some kind: from a switch to a satellite, sometimes lossy. */
export function drawQuality(random: SeededRandom): LinkFaults {
  const logarithmic = (low: number, high: number): number => low * (high / low) ** random.uniform();
  const delayMs = logarithmic(0.5, 300);
  return {
    delayMs,
    jitterMs: random.chance(0.5) ? 0 : delayMs * random.uniform(),
    bytesPerSecond: random.chance(0.3) ? Number.POSITIVE_INFINITY : logarithmic(20_000, 10_000_000),
    loss: random.chance(0.5) ? 0 : 0.3 * random.uniform() ** 2,
    flip: random.chance(0.7) ? 0 : 0.02 * random.uniform(),
    duplicate: random.chance(0.7) ? 0 : 0.2 * random.uniform(),
    reorder: random.chance(0.7) ? 0 : 0.2 * random.uniform(),
  };
}

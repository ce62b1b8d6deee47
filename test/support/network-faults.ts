import type { LabHost } from './lab-host.ts';
import type { SeededRandom } from './seeded-random.ts';
import { until } from './until.ts';

const WITHIN_MS = 200_000;

export interface Faults {
  readonly random: SeededRandom;
  readonly count: number;
  /** What has been done, from 0 up to `total`. */
  readonly done: () => number;
  readonly total: number;
}

/** Ends every TCP connection between client and host, as often as asked, at random moments of some work. */
export async function cutDuring(host: LabHost, faults: Faults): Promise<void> {
  await atMoments(host, faults, async () => {
    await host.lab.control('reset');
  });
}

/** Changes the client's address, as often as asked, at random moments of some work. */
export async function roamDuring(host: LabHost, faults: Faults): Promise<void> {
  await atMoments(host, faults, async () => {
    await host.lab.run('roam');
  });
}

/** Each is over when the session has another link: two faults are never one. */
async function atMoments(
  host: LabHost,
  { random, count, done, total }: Faults,
  strike: () => Promise<void>,
): Promise<void> {
  const parts = Array.from({ length: count }, () => 0.03 + 0.9 * random.uniform());
  for (const part of parts.sort((a, b) => a - b)) {
    await until(`${part} of the work`, done, (bytes) => bytes >= part * total, WITHIN_MS);
    const before = host.joined.length;
    await strike();
    await until(
      'another link',
      () => host.joined.length,
      (links) => links > before,
    );
  }
}

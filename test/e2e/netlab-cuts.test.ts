import { setTimeout as sleep } from 'node:timers/promises';
import { type TestContext, test } from 'vitest';
import { CountedWork } from '../support/counted-work.ts';
import { LabHost } from '../support/lab-host.ts';
import { describeNeeding } from '../support/requirements.ts';
import { SEED } from '../support/seed.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { until } from '../support/until.ts';

/** Ten times the work and the faults. */
const SOAK = process.env['EVERTERM_SOAK'] === '1' ? 10 : 1;
const MEGABYTE = 1_000_000;
const TEST_MS = 300_000 * SOAK;
const BLACK_HOLE_MS = 40_000;

describeNeeding(
  ['netlab', 'sshd'],
  `a shell whose network breaks at random moments (EVERTERM_SEED=${SEED})`,
  () => {
    test.concurrent('every connection is reset, five times', {
      timeout: TEST_MS,
    }, async (context) => {
      const random = new SeededRandom(SEED + 1);
      const host = await LabHost.during(context, { settings: ['delay=10', 'rate=16000'] });
      const work = await CountedWork.start(host, { random, outputBytes: 6 * MEGABYTE * SOAK });
      for (const part of moments(random, 5 * SOAK)) {
        await work.reached(part);
        await host.lab.control('reset');
      }
      await work.finish();
    });

    test.concurrent("the client's address changes, five times", {
      timeout: TEST_MS,
    }, async (context) => {
      const random = new SeededRandom(SEED + 2);
      const host = await LabHost.during(context, {
        hasUdp: true,
        settings: ['delay=10', 'rate=16000'],
      });
      const size = { outputBytes: 3 * MEGABYTE * SOAK, inputBytes: 3 * MEGABYTE * SOAK };
      const work = await CountedWork.start(host, { random, ...size });
      for (const part of moments(random, 5 * SOAK)) {
        await work.reached(part);
        const gap = random.chance(0.5) ? ['--gap', String(random.integer(1, 1500))] : [];
        await host.lab.run('roam', ...gap);
      }
      await work.finish();
    });

    test.concurrent('40 s of silence, with keys pressed in it', { timeout: TEST_MS }, (context) =>
      silence(context, new SeededRandom(SEED + 3), true),
    );

    test.concurrent('40 s of silence, and no key after', { timeout: TEST_MS }, (context) =>
      silence(context, new SeededRandom(SEED + 4), false),
    );

    test.concurrent('packets are held, and come all at once', {
      timeout: TEST_MS,
    }, async (context) => {
      const random = new SeededRandom(SEED + 5);
      const host = await LabHost.during(context, {
        hasUdp: true,
        settings: ['delay=20', 'rate=8000'],
      });
      const work = await CountedWork.start(host, { random, outputBytes: 3 * MEGABYTE * SOAK });
      for (const part of moments(random, 3 * SOAK)) {
        await work.reached(part);
        await host.lab.control('hold');
        await sleep(random.integer(200, 8000));
        await host.lab.control('release');
      }
      await work.finish();
    });

    test.concurrent.for(['c2s', 's2c'])(
      'the link is down in the direction %s alone',
      { timeout: TEST_MS },
      async (direction, context) => {
        const random = new SeededRandom(SEED + (direction === 'c2s' ? 6 : 7));
        const host = await LabHost.during(context, {
          hasUdp: true,
          settings: ['delay=20', 'rate=8000'],
        });
        const size = { outputBytes: 2 * MEGABYTE * SOAK, inputBytes: MEGABYTE * SOAK };
        const work = await CountedWork.start(host, { random, ...size });
        for (const part of moments(random, 2 * SOAK)) {
          await work.reached(part);
          await host.lab.control(`down ${direction}`);
          await sleep(random.integer(2000, 10_000));
          await host.lab.control(`up ${direction}`);
        }
        await work.finish();
      },
    );

    test.concurrent('a train, and a link that loses a third', {
      timeout: TEST_MS,
    }, async (context) => {
      const random = new SeededRandom(SEED + 8);
      const host = await LabHost.during(context, { hasUdp: true });
      const work = await CountedWork.start(host, { random, outputBytes: 2 * MEGABYTE * SOAK });
      for (const profile of ['train', 'lossy30']) {
        await host.lab.run('profile', profile);
        await host.lab.control(`set seed=${random.integer(1, 1000)}`);
        await sleep(12_000 * SOAK);
      }
      await host.lab.run('profile', 'clean');
      await work.finish();
    });
  },
);

describeNeeding(
  ['netlab', 'sshd', 'nft'],
  `a shell behind a translator of addresses (EVERTERM_SEED=${SEED})`,
  () => {
    test.concurrent('the translator of addresses before the client forgets it, three times', {
      timeout: TEST_MS,
    }, async (context) => {
      const random = new SeededRandom(SEED + 6);
      const host = await LabHost.during(context, {
        hasNat: true,
        settings: ['delay=10', 'rate=16000'],
      });
      const size = { outputBytes: 3 * MEGABYTE * SOAK, inputBytes: 500_000 * SOAK };
      // An ssh whose connection is forgotten would outlive et, until its kernel gives up.
      const args = ['--via', 'tcp', 'testhost'];
      const work = await CountedWork.start(host, { random, args, ...size });
      for (const part of moments(random, 3 * SOAK)) {
        await work.reached(part);
        const before = host.joined.length;
        await host.lab.run('nat-rebind');
        // What was forgotten gets silence: another connection takes its place.
        await until(
          'another link',
          () => host.joined.length,
          (count) => count > before,
        );
      }
      await work.finish();
    });
  },
);

async function silence(context: TestContext, random: SeededRandom, keys: boolean): Promise<void> {
  const host = await LabHost.during(context, { hasUdp: true, settings: ['delay=25', 'rate=4000'] });
  const work = await CountedWork.start(host, { random, outputBytes: MEGABYTE });
  const [part = 0] = moments(random, 1);
  await work.reached(part);
  if (!keys) work.stopTyping();
  await host.lab.control('down');
  await sleep(BLACK_HOLE_MS);
  await host.lab.control('up');
  await work.finish();
}

/** Random parts of the work, in order. */
function moments(random: SeededRandom, count: number): number[] {
  return Array.from({ length: count }, () => 0.05 + 0.9 * random.uniform()).sort((a, b) => a - b);
}

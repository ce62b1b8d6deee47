import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { CountedWork } from '../support/counted-work.ts';
import { LabHost } from '../support/lab-host.ts';
import { closeServer, routerInLab } from '../support/lab-router.ts';
import { describeNeeding } from '../support/requirements.ts';
import { SEED } from '../support/seed.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const TEST_MS = 300_000;
const MEGABYTE = 1_000_000;

describeNeeding(
  ['netlab', 'sshd', 'nft'],
  `a shell behind a router, across a network (EVERTERM_SEED=${SEED})`,
  () => {
    test.concurrent('lives on the one port that is open, through cuts, roaming and the ends of its router', {
      timeout: TEST_MS,
    }, async (context) => {
      const random = new SeededRandom(SEED + 51);
      const host = await LabHost.during(context, { settings: ['delay=10', 'rate=8000', 'loss=1'] });
      const router = await routerInLab(context, host);
      // Nothing but ssh and the router's port gets in, and nothing at all is connected to from the host.
      closeServer(host, ['tcp dport != { 22, 2022 }']);
      const work = await CountedWork.start(host, {
        random,
        outputBytes: 8 * MEGABYTE,
        inputBytes: 50_000,
        args: ['--via', 'tcp', 'testhost'],
      });
      expect((await router.status()).links).toBe(1);
      for (const part of [0.1, 0.3, 0.5, 0.7]) {
        await work.reached(part);
        if (part === 0.1 || part === 0.5) {
          await router.kill(part === 0.1 ? 'SIGKILL' : 'SIGTERM');
          await router.startAgain(random.integer(0, 800));
        } else if (part === 0.3) {
          await host.lab.control('reset');
        } else {
          await host.lab.run('roam');
        }
      }
      await work.finish();
      expect(new Set(host.joined)).toEqual(new Set(['tcp']));
    });

    test.concurrent('lives on the datagrams of the one port, through loss, roaming, a silent network and the ends of its router', {
      timeout: TEST_MS,
    }, async (context) => {
      const random = new SeededRandom(SEED + 53);
      const host = await LabHost.during(context, { settings: ['delay=10', 'rate=8000', 'loss=3'] });
      const router = await routerInLab(context, host);
      // Beside ssh nothing but the router's datagrams gets in, and the host begins nothing.
      closeServer(host, ['tcp dport != 22', 'udp dport != 2022']);
      const work = await CountedWork.start(host, {
        random,
        outputBytes: 8 * MEGABYTE,
        inputBytes: 50_000,
        args: ['--via', 'udp', 'testhost'],
      });
      // A hello that was answered late has one of its own for a while.
      const { datagrams } = await router.status();
      expect(Number(Object(datagrams)['links'])).toBeGreaterThan(0);
      for (const part of [0.1, 0.3, 0.5, 0.7]) {
        await work.reached(part);
        if (part === 0.1 || part === 0.5) {
          await router.kill(part === 0.1 ? 'SIGKILL' : 'SIGTERM');
          await router.startAgain(random.integer(0, 800));
        } else if (part === 0.3) {
          await host.lab.control('down');
          await sleep(3000);
          await host.lab.control('up');
        } else {
          await host.lab.run('roam');
        }
      }
      await work.finish();
      expect(new Set(host.joined)).toEqual(new Set(['udp']));
    });

    test.concurrent('moves to ssh when the router is closed off, and back when it is open again', {
      timeout: TEST_MS,
    }, async (context) => {
      const random = new SeededRandom(SEED + 52);
      const host = await LabHost.during(context, {
        settings: ['delay=10', 'rate=8000'],
        hasUdp: true,
      });
      await routerInLab(context, host);
      const work = await CountedWork.start(host, { random, outputBytes: 8 * MEGABYTE });
      await work.reached(0.1);
      expect(host.joined).toEqual(['ssh-stdio', 'udp']);
      host.closeAllButSsh();
      await work.reached(0.4);
      host.openAll();
      await work.reached(0.5);
      await work.finish();
      expect(host.joined.slice(2)).toContain('ssh-stdio');
    });
  },
);

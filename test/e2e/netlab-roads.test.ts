import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { CountedWork } from '../support/counted-work.ts';
import { LabHost } from '../support/lab-host.ts';
import { describeNeeding } from '../support/requirements.ts';
import { SEED } from '../support/seed.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { Sshd } from '../support/sshd.ts';
import { until } from '../support/until.ts';

const TEST_MS = 300_000;
const MEGABYTE = 1_000_000;
const SETTINGS = ['delay=10', 'rate=8000'];

describeNeeding(
  ['netlab', 'sshd', 'nft'],
  `a shell of which only ssh's port can be reached (EVERTERM_SEED=${SEED})`,
  () => {
    test.concurrent('lives on ssh alone, comes back by it, moves to tcp when that is open, and back', {
      timeout: TEST_MS,
    }, async (context) => {
      const random = new SeededRandom(SEED + 11);
      const host = await LabHost.during(context, { settings: SETTINGS });
      host.closeAllButSsh();
      const work = await CountedWork.start(host, { random, outputBytes: 10 * MEGABYTE });
      await work.reached(0.1 + 0.1 * random.uniform());
      expect(host.joined).toEqual(['ssh-stdio']);
      await host.lab.control('reset');
      await work.reached(0.4);
      expect(host.joined).toEqual(['ssh-stdio', 'ssh-stdio']);
      host.openAll();
      await until(
        'a link over tcp',
        () => host.joined.at(-1),
        (road) => road === 'tcp',
      );
      await work.reached(0.6 + 0.1 * random.uniform());
      host.closeAllButSsh();
      await work.finish();
      expect(host.joined.at(-1)).toBe('ssh-stdio');
    });

    test.concurrent('outlives its sshd, which is killed while nothing gets through, and starts again', {
      timeout: TEST_MS,
    }, async (context) => {
      const random = new SeededRandom(SEED + 12);
      const host = await LabHost.during(context, { settings: SETTINGS });
      host.closeAllButSsh();
      const work = await CountedWork.start(host, { random, outputBytes: 4 * MEGABYTE });
      await work.reached(0.2 + 0.6 * random.uniform());
      await host.lab.control('down');
      await host.killSshd();
      await sleep(random.integer(1000, 4000));
      await host.lab.control('up');
      // For a while the host is there, and refuses.
      await sleep(random.integer(500, 3000));
      await host.host.sshd.restart();
      await work.finish();
      expect(host.joined).toEqual(['ssh-stdio', 'ssh-stdio']);
    });
  },
);

describeNeeding(['netlab', 'sshd'], `a shell behind another host (EVERTERM_SEED=${SEED})`, () => {
  test.concurrent('is reached through it, again after each cut', {
    timeout: TEST_MS,
  }, async (context) => {
    const random = new SeededRandom(SEED + 13);
    // The host proper listens where only the other one reaches it.
    const host = await LabHost.during(context, {
      settings: SETTINGS,
      address: '127.0.0.1',
      clientConfig: ['ProxyJump jumphost'],
    });
    const jump = await Sshd.start({
      address: host.lab.server,
      port: 22,
      prefix: host.lab.commandIn('server', []),
    });
    context.onTestFinished(() => jump.stop());
    const jumpConfig = readFileSync(jump.sshConfigPath, 'utf8');
    const both = host.host.file(
      'ssh_config',
      `${jumpConfig.replace('testhost', 'jumphost')}${readFileSync(host.host.sshd.sshConfigPath, 'utf8')}`,
    );
    const args = ['-F', both, 'testhost'];
    const work = await CountedWork.start(host, { random, outputBytes: 6 * MEGABYTE, args });
    for (const part of [0.1, 0.5]) {
      await work.reached(part + 0.3 * random.uniform());
      await host.lab.control('reset');
    }
    await work.finish();
    expect(host.joined).toEqual(['ssh-stdio', 'ssh-stdio', 'ssh-stdio']);
  });
});

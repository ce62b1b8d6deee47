import { expect, test } from 'vitest';
import { CountedWork } from '../support/counted-work.ts';
import { EchoTyping } from '../support/echo-typing.ts';
import { LabHost } from '../support/lab-host.ts';
import { describeNeeding } from '../support/requirements.ts';
import { SEED } from '../support/seed.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { until } from '../support/until.ts';

const TEST_MS = 300_000;
const MEGABYTE = 1_000_000;
const SETTINGS = ['delay=10', 'rate=16000'];
const UDP_ALONE = ['--via', 'udp', 'testhost'];

describeNeeding(['netlab', 'sshd'], `a session over udp alone (EVERTERM_SEED=${SEED})`, () => {
  test.concurrent('roams while somebody types, on one link', {
    timeout: TEST_MS,
  }, async (context) => {
    const host = await LabHost.during(context, { settings: ['delay=25'] });
    const typing = await EchoTyping.start(host, UDP_ALONE, 200);
    await typing.type(30);
    for (let roam = 0; roam < 4; roam += 1) {
      const roaming = host.lab.run('roam');
      await typing.type(30);
      await roaming;
      await typing.echoed();
    }
    await typing.finish();
    expect(host.joined).toEqual(['udp']);
  });

  test.concurrent('roams while it carries megabytes both ways, on one link', {
    timeout: TEST_MS,
  }, async (context) => {
    const random = new SeededRandom(SEED + 41);
    const host = await LabHost.during(context, { settings: SETTINGS });
    const size = { outputBytes: 3 * MEGABYTE, inputBytes: MEGABYTE };
    const work = await CountedWork.start(host, { random, args: UDP_ALONE, ...size });
    for (const part of [0.2, 0.4, 0.6, 0.8]) {
      await work.reached(part);
      await host.lab.run('roam');
    }
    await work.finish();
    expect(host.joined).toEqual(['udp']);
  });

  test.concurrent('has every key come back once and in order while 30 % and 60 % of all packets are lost each way', {
    timeout: TEST_MS,
  }, async (context) => {
    const host = await LabHost.during(context, { settings: ['delay=25'] });
    const typing = await EchoTyping.start(host, UDP_ALONE, 220);
    for (const loss of [30, 60]) {
      await host.lab.run('set', `loss=${loss}`);
      await typing.type(100);
      await typing.echoed();
    }
    await host.lab.run('set', 'loss=0');
    await typing.finish();
  });
});

describeNeeding(
  ['netlab', 'sshd', 'nft'],
  `a session whose udp opens and closes (EVERTERM_SEED=${SEED})`,
  () => {
    test.concurrent('is answered from the address that it dialled, on a host that has others', {
      timeout: TEST_MS,
    }, async (context) => {
      const host = await LabHost.during(context, { settings: ['delay=5'] });
      // The way back says the first address, which one socket for all would answer from.
      const { server } = host.lab;
      const second = server.replace(/\d+$/u, '88');
      host.run('server', 'ip', 'addr', 'add', `${second}/24`, 'dev', 'lab0');
      const rule = `ip saddr ${server} udp sport 60000-61000 drop`;
      const chain = `chain input { type filter hook input priority 0; ${rule}; }`;
      host.run('client', 'nft', `add table inet strict { ${chain}; }`);
      const args = ['--via', `udp:${second}`, 'testhost'];
      const typing = await EchoTyping.start(host, args, 40);
      await typing.type(30);
      await typing.echoed();
      await typing.finish();
      expect(host.log).toContain(`(udp ${second}:`);
    });

    test.concurrent('keeps its link where the translator of addresses before the client forgets it', {
      timeout: TEST_MS,
    }, async (context) => {
      const random = new SeededRandom(SEED + 42);
      const host = await LabHost.during(context, { hasNat: true, settings: SETTINGS });
      const size = { outputBytes: 2 * MEGABYTE, inputBytes: 500_000 };
      const work = await CountedWork.start(host, { random, args: UDP_ALONE, ...size });
      for (const part of [0.25, 0.5, 0.75]) {
        await work.reached(part);
        await host.lab.run('nat-rebind');
      }
      await work.finish();
      expect(host.joined).toEqual(['udp']);
    });

    test.concurrent('goes by tcp where udp is blocked, by udp once it is not, and by tcp again when it is blocked in the middle', {
      timeout: TEST_MS,
    }, async (context) => {
      const random = new SeededRandom(SEED + 43);
      const host = await LabHost.during(context, {
        hasUdp: true,
        settings: ['delay=10', 'rate=8000'],
      });
      await host.lab.run('block', 'udp');
      const size = { outputBytes: 12 * MEGABYTE, inputBytes: MEGABYTE };
      const work = await CountedWork.start(host, { random, ...size });
      await joins(host, 'tcp');
      await work.reached(0.1);
      await host.lab.run('unblock');
      await joins(host, 'udp');
      await work.reached(0.6);
      await host.lab.run('block', 'udp');
      await joins(host, 'tcp');
      await work.finish();
      expect(host.joined).toEqual(['ssh-stdio', 'tcp', 'udp', 'tcp']);
    });
  },
);

/** Settles when the latest link goes by this road. */
async function joins(host: LabHost, road: string): Promise<void> {
  await until(
    `a link by ${road}`,
    () => host.joined.at(-1),
    (latest) => latest === road,
  );
}

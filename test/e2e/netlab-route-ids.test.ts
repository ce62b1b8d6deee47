import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LabHost, PROMPT } from '../support/lab-host.ts';
import { routerInLab } from '../support/lab-router.ts';
import { PROJECT_ROOT } from '../support/project-root.ts';
import { describeNeeding } from '../support/requirements.ts';
import { until } from '../support/until.ts';

const SNIFFER = `${PROJECT_ROOT}/test/support/sniff-hellos.py`;
const TEST_MS = 300_000;
/** More than are asked for at a time. */
const NETWORKS = 7;

describeNeeding(['netlab', 'sshd', 'python3'], 'who watches several networks', () => {
  test.concurrent('sees another route id on each, and never learns that they are one client', {
    timeout: TEST_MS,
  }, async (context) => {
    const host = await LabHost.during(context, { settings: ['delay=10'] });
    await routerInLab(context, host);
    const sniffer = host.program(context, 'client', 'python3', SNIFFER);
    await sniffer.see(/listening/u);
    const et = host.et(['--via', 'tcp', 'testhost']);
    await et.see(PROMPT);
    const first = host.lab.client;
    let address = first;
    const move = async (to: string): Promise<void> => {
      const before = host.joined.length;
      host.run('client', 'ip', 'addr', 'del', `${address}/24`, 'dev', 'lab0');
      host.run('client', 'ip', 'addr', 'add', `${to}/24`, 'dev', 'lab0');
      address = to;
      // A key finds out at once.
      et.type(':\r');
      await until(
        `a link from ${to}`,
        () => host.joined.length,
        (count) => count > before,
      );
      // Whoever is on the next network before more ids have come has to use one again.
      await sleep(1000);
    };
    const others = Array.from({ length: NETWORKS - 1 }, (_, i) =>
      first.replace(/\d+$/u, String(20 + i)),
    );
    for (const other of others) await move(other);
    await move(first);
    et.type('exec true\r');
    expect((await et.ended).status).toBe(0);

    const seen = sniffer.stdout.trim().split('\n').slice(1);
    const idsOf = new Map<string, Set<string>>();
    for (const line of seen) {
      const [from = '', id = ''] = line.split(' ');
      idsOf.set(from, (idsOf.get(from) ?? new Set()).add(id));
    }
    expect([...idsOf.keys()]).toEqual([first, ...others]);
    const each = [...idsOf.values()].map((ids) => [...ids]);
    expect(each.map((ids) => ids.length)).toEqual(each.map(() => 1));
    expect(new Set(each.flat()).size).toBe(NETWORKS);
  });
});

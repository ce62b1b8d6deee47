import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { EtTerminal } from '../support/et-terminal.ts';
import { LabHost, PROMPT } from '../support/lab-host.ts';
import { describeNeeding } from '../support/requirements.ts';
import { until } from '../support/until.ts';

const OUTAGE_MS = 90_000;
const TEST_MS = OUTAGE_MS + 120_000;

describeNeeding(['netlab', 'sshd'], 'a session over a network that goes', () => {
  test.concurrent('for 90 s: output of the time and keys typed in it all arrive', {
    timeout: TEST_MS,
  }, async (context) => {
    const host = await LabHost.during(context, { settings: ['delay=20'], hasUdp: true });
    const et = host.et();
    await et.see(PROMPT);
    et.type(
      'for i in $(seq 850); do echo "tick $i of away"; sleep 0.1; done; read -r typed; echo "<$typed>"\r',
    );
    await et.see('tick 20 of away');
    await host.lab.control('down');
    await sleep(OUTAGE_MS / 2);
    et.type('typed in the outage\r');
    await sleep(OUTAGE_MS / 2);
    await host.lab.control('up');
    await et.see('<typed in the outage>');
    // The title says how long it has been, between any two pieces of output.
    const text = et.text.replaceAll(/\p{Cc}\][^\p{Cc}]*\p{Cc}\\?|\p{Cc}\[[\d;]+t/gu, '');
    const ticks = Array.from(text.matchAll(/tick (\d+) of away\r/gu), ([, count]) => Number(count));
    expect(ticks).toEqual(Array.from({ length: 850 }, (_, index) => index + 1));
    et.type('exit\r');
    expect((await et.ended).status).toBe(0);
  });

  test.concurrent('and is attached to from another address, 100 ms away', {
    timeout: TEST_MS,
  }, async (context) => {
    const host = await LabHost.during(context, { settings: ['delay=50'], hasUdp: true });
    const first = host.et(['--name', 'w', 'testhost']);
    await first.see(PROMPT);
    first.type('mine=4711; seq 50000\r');
    await first.see('\r\n50000\r\n');
    // An ssh that the client has let go of would wait for the old address for long.
    await until(
      'udp alone',
      () => host.host.processes().filter((line) => line.includes('/ssh -o ')),
      ({ length }) => length === 0,
    );
    await host.lab.run('roam');
    const [node = '', et = ''] = host.host.clientWords;
    const words = [node, et, 'attach', ...host.host.to, 'testhost', 'w'];
    const second = new EtTerminal(host.lab.commandIn('client', words), {
      cwd: host.host.home,
      environment: { ...host.host.environment, XDG_STATE_HOME: `${host.host.home}/other` },
    });
    await second.see(PROMPT);
    second.type('echo "[$mine]"\r');
    await second.see('[4711]');
    await first.see('taken over by');
    expect((await first.ended).status).toBe(0);
    expect(second.text).toContain('49999');
    second.type('exit 3\r');
    expect((await second.ended).status).toBe(3);
  });
});

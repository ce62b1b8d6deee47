import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { EtTerminal } from '../support/et-terminal.ts';
import { LabHost, PROMPT } from '../support/lab-host.ts';
import { describeNeeding } from '../support/requirements.ts';
import { until } from '../support/until.ts';

const TEST_MS = 300_000;
/** 1 Mbit/s for 50 ms there and 50 ms back. */
const PATH_BYTES = 12_500;
const ALLOWED_BYTES = 2 * PATH_BYTES + 65_536;

describeNeeding(['netlab', 'sshd'], 'a shell over tcp', () => {
  test.concurrent.for([4, 6] as const)(
    'sends nothing while it has no address, and goes on when it has one again, over IPv%i',
    { timeout: TEST_MS },
    async (family, context) => {
      const host = await LabHost.during(context, { family, settings: ['delay=10'] });
      const et = await shell(host);
      host.loseAddresses();
      const before = await host.lab.packetsFromClient();
      for (const key of '01234567') {
        et.type(key);
        await sleep(500);
      }
      expect(await host.lab.packetsFromClient()).toBe(before);
      host.returnAddresses();
      await et.see('01234567');
      await leave(et);
      // Not even ssh was started for it.
      expect(host.log).toContain('has no route');
      expect(host.log).not.toContain('ssh:');
    },
  );

  test.concurrent('hands the kernel little more than a slow link holds, so that ^C is not behind it', {
    timeout: TEST_MS,
  }, async (context) => {
    const host = await LabHost.during(context, { settings: ['delay=50', 'rate=1000'] });
    const et = await shell(host);
    et.type('yes\r');
    await et.see('y\r\ny\r\n');
    let mostBytes = 0;
    for (let sample = 0; sample < 80; sample += 1) {
      mostBytes = Math.max(mostBytes, unacknowledgedBytes(host));
      await sleep(100);
    }
    et.type('\x03');
    await et.see(PROMPT);
    expect(mostBytes).toBeGreaterThan(PATH_BYTES / 2);
    expect(mostBytes).toBeLessThan(ALLOWED_BYTES);
    await leave(et);
  });
});

/** A shell that has gone over to tcp. */
async function shell(host: LabHost): Promise<EtTerminal> {
  const et = host.et();
  await et.see(PROMPT);
  await until(
    'a link over tcp, alone',
    () => host.log,
    (log) => /\(ssh-stdio testhost\) lost/u.test(log),
  );
  expect(host.joined).toEqual(['ssh-stdio', 'tcp']);
  return et;
}

async function leave(et: EtTerminal): Promise<void> {
  et.type('\x03');
  await et.see(PROMPT);
  et.type('exec true\r');
  expect((await et.ended).status).toBe(0);
}

/** What the server's kernel holds of the session's connection: sent and not acknowledged, or not even sent. */
function unacknowledgedBytes(host: LabHost): number {
  const lines = host.run('server', 'ss', '-Htn', 'state', 'established', 'sport', '>=', ':60000');
  return Math.max(
    0,
    ...lines
      .trim()
      .split('\n')
      .map((line) => Number(line.split(/\s+/u)[1])),
  );
}

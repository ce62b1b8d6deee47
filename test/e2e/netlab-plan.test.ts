import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CountedWork } from '../support/counted-work.ts';
import type { EtTerminal } from '../support/et-terminal.ts';
import { LabHost, PROMPT } from '../support/lab-host.ts';
import { describeNeeding } from '../support/requirements.ts';
import { SEED } from '../support/seed.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { until } from '../support/until.ts';

const TEST_MS = 300_000;
const MEGABYTE = 1_000_000;
const SETTINGS = ['delay=10', 'rate=8000'];
/** Packets this long are lost on the way to any port but ssh's: a path whose MTU nobody tells. */
const HOLE_BYTES = 1300;

describeNeeding(
  ['netlab', 'sshd', 'nft'],
  `a session whose roads open and close (EVERTERM_SEED=${SEED})`,
  () => {
    test.concurrent('goes on by ssh when its port is blocked in the middle, and back to tcp when it is open', {
      timeout: TEST_MS,
    }, async (context) => {
      const random = new SeededRandom(SEED + 21);
      const host = await LabHost.during(context, { settings: SETTINGS });
      const work = await CountedWork.start(host, { random, outputBytes: 12 * MEGABYTE });
      await joins(host, 'tcp');
      await work.reached(0.2 + 0.1 * random.uniform());
      const atMs = performance.now();
      host.closeAllButSsh();
      await joins(host, 'ssh-stdio');
      tell('blocked in the middle, on ssh', atMs);
      await work.reached(0.5 + 0.1 * random.uniform());
      const openMs = performance.now();
      host.openAll();
      await joins(host, 'tcp');
      tell('open again, on tcp', openMs);
      await work.finish();
      expect(host.joined).toEqual(['ssh-stdio', 'tcp', 'ssh-stdio', 'tcp']);
    });

    test.concurrent('never takes a road that swallows large packets', {
      timeout: TEST_MS,
    }, async (context) => {
      const random = new SeededRandom(SEED + 22);
      const host = await LabHost.during(context, { settings: SETTINGS });
      const rule = `iifname lab0 tcp dport != 22 meta length > ${HOLE_BYTES} drop`;
      const chain = `chain input { type filter hook input priority 0; ${rule}; }`;
      host.run('server', 'nft', `add table inet hole { ${chain}; }`);
      const work = await CountedWork.start(host, { random, outputBytes: 6 * MEGABYTE });
      await work.reached(0.3);
      await host.lab.control('reset');
      // The handshake is as long as a packet may be: it connects there, and gets no further.
      await logs(host, /no better road: tcp \S+: no answer to the hello/u);
      await work.finish();
      expect(host.joined.length).toBeGreaterThan(1);
      expect(new Set(host.joined)).toEqual(new Set(['ssh-stdio']));
    });

    test.concurrent('says what is wrong with each road when none leads there, and comes back', {
      timeout: TEST_MS,
    }, async (context) => {
      const host = await LabHost.during(context, { settings: ['delay=10'] });
      const et = await shell(host, ['testhost']);
      await joins(host, 'tcp');
      host.closeAllButSsh();
      await host.killSshd();
      et.type('a');
      await logs(host, /dial failed: tcp \S+:\d+ timed out after \d+ s; ssh: \S+.*refused/u);
      et.type('\x15\r');
      await until(
        'both failures in the status',
        async () => {
          et.type('\r~s');
          return (await et.see('unsent: ')).replaceAll('\r\n', '');
        },
        (answer) => /last attempt: tcp .* timed out.*; ssh: /u.test(answer),
      );
      await host.host.sshd.restart();
      host.openAll();
      et.type('echo ba""ck\r');
      await et.see('back\r\n');
      await leave(et);
    });

    test.concurrent('remembers that ssh was what worked: the next session does not wait for tcp', {
      timeout: TEST_MS,
    }, async (context) => {
      const host = await LabHost.during(context, { settings: ['delay=10'], hasUdp: true });
      host.closeAllButSsh();
      const plans: string[] = [];
      for (let session = 1; session <= 2; session += 1) {
        plans.push(await planOf(host));
        const et = await shell(host, ['testhost']);
        const before = host.joined.length;
        const atMs = performance.now();
        await host.lab.control('reset');
        et.type('echo ty""ped\r');
        await et.see('typed\r\n');
        tell(`session ${session} is back by ssh`, atMs);
        expect(host.joined.length).toBe(before + 1);
        await leave(et);
      }
      expect(plans).toEqual([
        'plan: race(udp, delay(50ms, tcp), delay(1.5s, ssh))',
        'plan: race(udp, tcp, ssh)',
      ]);
      expect(existsSync(join(host.host.home, '.local/state/everterm/roads.json'))).toBe(true);
    });
  },
);

describeNeeding(
  ['netlab', 'sshd'],
  `a session whose addresses change (EVERTERM_SEED=${SEED})`,
  () => {
    test.concurrent('goes over from IPv4 to IPv6 and back', {
      timeout: TEST_MS,
    }, async (context) => {
      const random = new SeededRandom(SEED + 23);
      const host = await LabHost.during(context, { settings: SETTINGS });
      const { server, server6, client, client6 } = host.lab;
      const via = `race(tcp:${server}, tcp:[${server6}])`;
      const args = ['--via', via, 'testhost'];
      const work = await CountedWork.start(host, { random, outputBytes: 8 * MEGABYTE, args });
      await work.reached(0.2);
      host.run('client', 'ip', 'addr', 'del', `${client}/24`, 'dev', 'lab0');
      await logs(host, new RegExp(`\\(tcp \\[${server6}\\]:\\d+\\) joined`, 'u'));
      await work.reached(0.5);
      host.run('client', 'ip', 'addr', 'add', `${client}/24`, 'dev', 'lab0');
      host.run('client', 'ip', 'addr', 'del', `${client6}/64`, 'dev', 'lab0');
      await until(
        'a link over IPv4 again',
        () => host.log.lastIndexOf(`(tcp ${server}:`),
        (at) => at > host.log.indexOf(`(tcp [${server6}]:`),
      );
      await work.finish();
      expect(new Set(host.joined)).toEqual(new Set(['tcp']));
    });

    test.concurrent('leaves from one of the addresses of --from, and from the other when that is gone', {
      timeout: TEST_MS,
    }, async (context) => {
      const host = await LabHost.during(context, { settings: ['delay=10'] });
      const { client } = host.lab;
      const second = client.replace(/\d+$/u, '77');
      host.run('client', 'ip', 'addr', 'add', `${second}/24`, 'dev', 'lab0');
      const et = await shell(host, [
        '--via',
        'tcp',
        '--from',
        second,
        '--from',
        client,
        'testhost',
      ]);
      expect(peers(host)).toEqual([second]);
      host.run('client', 'ip', 'addr', 'del', `${second}/24`, 'dev', 'lab0');
      et.type('echo on""ward\r');
      await et.see('onward\r\n');
      await until(
        'a connection from the other',
        () => peers(host),
        (found) => found.includes(client),
      );
      await leave(et);
    });

    test.concurrent('waits for the interface of --from, which it says once, and goes when it has an address', {
      timeout: TEST_MS,
    }, async (context) => {
      const host = await LabHost.during(context, { settings: ['delay=10'] });
      const { client, client6 } = host.lab;
      const et = host.et(['--via', 'tcp', '--from', 'later0', 'testhost']);
      await et.see('later0');
      await et.see('still trying');
      host.run('client', 'ip', 'addr', 'del', `${client}/24`, 'dev', 'lab0');
      host.run('client', 'ip', 'addr', 'del', `${client6}/64`, 'dev', 'lab0');
      host.run('client', 'ip', 'link', 'set', 'lab0', 'down');
      host.run('client', 'ip', 'link', 'set', 'lab0', 'name', 'later0');
      host.run('client', 'ip', 'link', 'set', 'later0', 'up');
      host.run('client', 'ip', 'addr', 'add', `${client}/24`, 'dev', 'later0');
      await et.see(PROMPT);
      expect(et.text.match(/later0/gu)).toHaveLength(2);
      await leave(et);
    });
  },
);

async function shell(host: LabHost, args: readonly string[]): Promise<EtTerminal> {
  const et = host.et(args);
  await et.see(PROMPT);
  return et;
}

async function leave(et: EtTerminal): Promise<void> {
  et.type('\x15exec true\r');
  expect((await et.ended).status).toBe(0);
}

/** Settles when the latest link goes by this road. */
async function joins(host: LabHost, road: string): Promise<void> {
  await until(
    `a link by ${road}`,
    () => host.joined.at(-1),
    (latest) => latest === road,
  );
}

async function logs(host: LabHost, pattern: RegExp): Promise<void> {
  await until(
    String(pattern),
    () => host.log,
    (log) => pattern.test(log),
  );
}

/** The first line of `et --explain`, in the client's namespace. */
async function planOf(host: LabHost): Promise<string> {
  const words = [...host.host.clientWords, '--explain', 'testhost'];
  const { stdout } = await host.finish('client', words);
  return stdout.toString().split('\n')[0] ?? '';
}

/** The addresses of ours that the session server has connections with. */
function peers(host: LabHost): readonly string[] {
  const lines = host.run('server', 'ss', '-Htn', 'state', 'established', 'sport', '>=', ':60000');
  const found = lines.trim().split('\n');
  return found.map(
    (line) => line.split(/\s+/u)[3]?.replace(/^\[?(?:::ffff:)?([^\]]*)\]?:\d+$/u, '$1') ?? '',
  );
}

/** For people: nothing depends on how fast this machine is. */
function tell(what: string, sinceMs: number): void {
  process.stderr.write(`${what} after ${((performance.now() - sinceMs) / 1000).toFixed(1)} s\n`);
}

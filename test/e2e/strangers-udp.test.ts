import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { HELLO_MAGIC, LINK_ID_BITS, MAX_PAD_BYTES } from '../../src/wire/limits.ts';
import { EtHost } from '../support/et-host.ts';
import type { EtTerminal } from '../support/et-terminal.ts';
import { describeNeeding } from '../support/requirements.ts';
import { UdpProxy } from '../support/udp-proxy.ts';
import { until } from '../support/until.ts';

/** Of each kind. */
const DATAGRAMS = 50_000;
const AT_A_TIME = 100;
/** What the server may have grown by after all of them. */
const MAX_GROWTH_BYTES = 24 * 1024 * 1024;

describeNeeding(['sshd', 'linux'], 'a session over udp among strangers', () => {
  let host: EtHost;
  let et: EtTerminal;
  let proxy: UdpProxy;
  let pid: number;
  let stranger: Socket;
  const answers: Buffer[] = [];

  beforeAll(async () => {
    host = await EtHost.start();
    host.file('.bash_profile', "PS1='$ '; bind 'set enable-bracketed-paste off'\n");
    proxy = await UdpProxy.before('127.0.0.2');
    proxy.keepsDatagrams = true;
    const port = String(proxy.port);
    const log = ['-vvv', '--log', join(host.home, 'log')];
    et = host.terminal([...log, '--via', 'udp', '--port', port, '--bind', '127.0.0.2', 'testhost']);
    await et.see('$ ');
    et.type('for i in 1 2 3; do echo typed; sleep 0.1; done\r');
    await et.see('typed\r\ntyped\r\ntyped\r\n');
    const [listed] = await until(
      'one session',
      () => host.sessions(),
      (list) => list[0]?.attached === true,
    );
    pid = listed?.pid ?? 0;
    stranger = createSocket('udp4').bind(0, '127.0.0.1');
    await once(stranger, 'listening');
    stranger.on('message', (bytes) => answers.push(bytes));
  });

  afterEach(async () => {
    et.type('echo still he""re\r');
    await et.see('still here\r\n');
    expect(answers).toEqual([]);
  });

  afterAll(async () => {
    et.type('exit\r');
    await et.ended;
    stranger.close();
    await proxy.close();
    await host.stop();
  });

  test.each<[string, () => Buffer]>([
    ['noise', () => randomBytes(1 + Math.floor(Math.random() * MAX_PAD_BYTES))],
    ['records of links that nobody has', () => marked(randomBytes(1200), LINK_ID_BITS)],
    ['hellos that open nothing', hello],
  ])(`gives ${DATAGRAMS} times %s silence, and keeps nothing of it`, async (_, make) => {
    const before = residentBytes(pid);
    await send(Array.from({ length: 1000 }, make), DATAGRAMS);
    await sleep(300);
    expect(residentBytes(pid) - before).toBeLessThan(MAX_GROWTH_BYTES);
  });

  test('gives what was recorded silence, whoever sends it again: hellos, and records of the link that there is', async () => {
    const recorded = proxy.kept;
    const hellos = recorded.filter((bytes) =>
      bytes.subarray(0, 4).equals(Buffer.from(HELLO_MAGIC)),
    );
    expect(hellos.length).toBeGreaterThan(0);
    expect(recorded.length).toBeGreaterThan(hellos.length);
    await send(recorded, recorded.length * 20);
    await sleep(300);
    // Nor has the link gone to where they came from.
    expect(readFileSync(join(host.home, 'log'), 'utf8').match(/ joined/gu)).toHaveLength(1);
  });

  /** In small bursts, so that the kernel does not lose most of them before anybody has looked. */
  async function send(kinds: readonly Buffer[], count: number): Promise<void> {
    for (let sent = 0; sent < count; sent += AT_A_TIME) {
      for (let i = sent; i < Math.min(sent + AT_A_TIME, count); i += 1)
        stranger.send(kinds[i % kinds.length] as Buffer, proxy.port, '127.0.0.2');
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
});

function marked(bytes: Buffer, bits: number): Buffer {
  bytes[0] = (bytes[0] ?? 0) | bits;
  return bytes;
}

/** A hello as long and as well begun as a true one. */
function hello(): Buffer {
  const bytes = randomBytes(1200);
  bytes.set(HELLO_MAGIC);
  bytes[4] = 1;
  bytes[5] = 1;
  return bytes;
}

function residentBytes(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Number(kib) * 1024;
}

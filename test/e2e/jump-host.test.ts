import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { encodeJumpPreamble } from '../../src/wire/jump-preamble.ts';
import { REFUSED } from '../../src/wire/limits.ts';
import { EtHost } from '../support/et-host.ts';
import { helloFor } from '../support/local-servers.ts';
import { countInMemory } from '../support/process-memory.ts';
import { describeNeeding } from '../support/requirements.ts';
import { RouterProcess } from '../support/router-process.ts';
import { Sshd } from '../support/sshd.ts';
import { until } from '../support/until.ts';

/** The far host is where only 127.0.0.2 leads: the client's way there is closed by its router's address. */
const FAR = '127.0.0.2';

describeNeeding(['sshd', 'linux'], 'a host behind a jump host', () => {
  let host: EtHost;
  let gateSshd: Sshd;
  let gate: RouterProcess;
  let far: RouterProcess;
  let flags: readonly string[];

  beforeAll(async () => {
    host = await EtHost.start({ address: FAR });
    host.file('.bash_profile', "PS1='$ '; bind 'set enable-bracketed-paste off'\n");
    far = await RouterProcess.start(host, { flags: ['--bind', FAR] });
    gateSshd = await Sshd.start();
    gate = await RouterProcess.start(host, {
      socket: `${host.home}/gate/router.sock`,
      flags: ['--bind', '127.0.0.1', '--allow-forward-to', `127.0.0.0/31:1,${FAR}:${far.port}`],
    });
    const gateConfig = readFileSync(gateSshd.sshConfigPath, 'utf8').replace('testhost', 'gate');
    const config = host.file(
      'both',
      `${gateConfig}\n${readFileSync(host.sshd.sshConfigPath, 'utf8')}`,
    );
    flags = ['-F', config, '--jumphost', 'gate', '--jport', String(gate.port)];
  });

  afterEach(async () => {
    for (const router of [gate, far]) {
      await until(
        'no links',
        () => router.status(),
        ({ links, waiting }) => links + waiting === 0,
      );
    }
  });

  afterAll(async () => {
    await gate.stop();
    await far.stop();
    await gateSshd.stop();
    await host.stop();
  });

  test('is reached over two routers, and neither reads what passes', async () => {
    const marker = `marker-${randomBytes(12).toString('hex')}`;
    const et = host.terminal([...flags, '--via', 'jump', 'testhost']);
    await et.see('$ ');
    for (let i = 0; i < 10; i += 1) {
      et.type(`echo ${i} ${marker}\r`);
      await et.see(`\r\n${i} ${marker}\r\n`);
    }
    expect((await gate.status()).links).toBe(1);
    expect((await far.status()).links).toBe(1);
    if (process.getuid?.() === 0) {
      expect(countInMemory(gate.pid, marker) + countInMemory(far.pid, marker)).toBe(0);
    }
    et.type('exit\r');
    expect((await et.ended).status).toBe(0);
  });

  test('keeps its session, byte for byte, while the jump host is killed and comes again', async () => {
    const bytes = randomBytes(30_000_000);
    const transfer = host.et([...flags, '--via', 'jump', 'testhost', 'cat'], { input: bytes });
    for (let i = 0; i < 3; i += 1) {
      await until(
        'a link',
        () => gate.status(),
        ({ links }) => links === 1,
      );
      await sleep(100);
      await gate.kill();
      await gate.startAgain(200);
    }
    const { stdout, status } = await transfer;
    const digestOf = (of: Uint8Array): string => createHash('sha256').update(of).digest('hex');
    expect({ digest: digestOf(stdout), status }).toEqual({ digest: digestOf(bytes), status: 0 });
  });

  test.each([
    ['a port that is not listed', FAR, 22],
    ['a host that is not listed', '127.0.0.3', 2022],
    ['a name that leads to what is not listed', 'localhost', 2022],
    ['the whole machine', '0.0.0.0', 1],
    ['a host where nobody listens', '127.0.0.1', 1],
  ])('the jump host refuses %s', async (_, name, port) => {
    const socket = connect(gate.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(encodeJumpPreamble({ host: name, port }));
    socket.write(helloFor(randomBytes(16)));
    expect(await buffer(socket)).toEqual(Buffer.from(REFUSED));
  });

  test('a preamble to the far router is not handed on: one hop', async () => {
    const socket = connect(gate.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(encodeJumpPreamble({ host: FAR, port: far.port }));
    socket.write(encodeJumpPreamble({ host: FAR, port: far.port }));
    socket.write(helloFor(randomBytes(16)));
    expect(await buffer(socket)).toEqual(Buffer.from(REFUSED));
  });
});

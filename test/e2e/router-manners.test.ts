import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EtHost } from '../support/et-host.ts';
import { describeNeeding } from '../support/requirements.ts';
import { RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';

const CROWD = 20;

describeNeeding(['sshd', 'linux'], 'a router among what people do to programs', () => {
  let host: EtHost;
  let router: RouterProcess;

  beforeAll(async () => {
    host = await EtHost.start();
    router = await RouterProcess.start(host);
  });

  afterAll(async () => {
    await router.stop();
    await host.stop();
  });

  test('runs on when the terminal goes away that it was started from', async () => {
    process.kill(router.pid, 'SIGHUP');
    await sleep(100);
    expect((await router.status()).port).toBe(router.port);
  });

  test('a second one on its socket is told what to do, and takes nothing', async () => {
    const { stderr, status } = await host.etserver('router', '-p', '0', '--socket', router.socket);
    expect(status).toBe(255);
    expect(stderr).toMatch(/^etserver: \S+ is taken .*\n.*--status .* --socket PATH/u);
    expect((await router.status()).port).toBe(router.port);
  });

  test('a port that is taken, and an address of another machine, are told with what to do', async () => {
    const socket = join(host.home, 'other', 'router.sock');
    const words = ['router', '--socket', socket];
    const taken = await host.etserver(...words, '-p', String(router.port), '--bind', '127.0.0.1');
    expect([taken.status, taken.stderr]).toEqual([
      255,
      `etserver: cannot listen on 127.0.0.1:${router.port}: EADDRINUSE\netserver: etserver router --status asks a router that runs there; another takes -p PORT\n`,
    ]);
    const foreign = await host.etserver(...words, '-p', '0', '--bind', '192.0.2.1');
    expect([foreign.status, foreign.stderr]).toEqual([
      255,
      'etserver: cannot listen on 192.0.2.1:0: EADDRNOTAVAIL\netserver: --bind names an address of this machine\n',
    ]);
  });

  test('an empty EVERTERM_ROUTER_SOCKET is one that is not set', async () => {
    const environment = { EVERTERM_ROUTER_SOCKET: '' };
    const words = ['router', '--status', '--json'];
    const { stdout, stderr } = await host.run('etserver', words, { environment });
    // This machine may have a router of its own.
    expect(stderr + stdout.toString()).toMatch(/ on \/run\/everterm\/router\.sock$|"port"/mu);
  });

  test('who begins to speak HTTP has no link: he is one of those whose hello is not whole', async () => {
    const crowd = Array.from({ length: CROWD }, () => connect(router.port, '127.0.0.1'));
    for (const socket of crowd) socket.on('error', () => undefined).write('GET / HTTP/1.1\r\n');
    const status = await until(
      'the crowd',
      () => router.status(),
      ({ links, waiting }) => links + waiting === CROWD,
    );
    expect(status).toMatchObject({ links: 0, waiting: CROWD });
    for (const socket of crowd) socket.destroy();
    await until(
      'its end',
      () => router.status(),
      ({ links, waiting }) => links + waiting === 0,
    );
  });

  test('a WebSocket is one link', async () => {
    const via = ['--via', `ws://127.0.0.1:${router.port}/`];
    const waiting = host.et([...via, 'testhost', 'sleep 3']);
    await until(
      'a link',
      () => router.status(),
      ({ links }) => links > 0,
    );
    await sleep(300);
    expect(await router.status()).toMatchObject({ links: 1, waiting: 0 });
    expect((await waiting).status).toBe(0);
  });
});

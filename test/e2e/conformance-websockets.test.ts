import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeRoad } from '../support/describe-road.ts';
import { echoThroughCuts } from '../support/echo-through-cuts.ts';
import { EtHost } from '../support/et-host.ts';
import { describeNeeding } from '../support/requirements.ts';
import { NGINX_KIND, WEB_SOCKET_KIND } from '../support/road-kinds.ts';

for (const kind of [WEB_SOCKET_KIND, NGINX_KIND]) describeRoad(kind);

const { needs, open } = NGINX_KIND;

describeNeeding(['sshd', 'linux', ...needs], 'et behind nginx with TLS', () => {
  let host: EtHost;

  beforeAll(async () => {
    host = await EtHost.start();
  });

  afterAll(async () => {
    await host.stop();
  });

  test('loses nothing of 100 MB each way although nginx is restarted five times', async (context) => {
    const road = await open(host);
    context.onTestFinished(async () => {
      if (context.task.result?.state === 'fail') host.clear();
      await host.withoutSessions();
      await road.close();
    });
    const [file, ...flags] = [...road.words, ...road.to, 'cat; exit 3'];
    const env = { ...host.environment, ...road.environment };
    const et = spawn(file, flags, { cwd: host.home, env });
    const ended = once(et, 'close');
    let restarts = 0;
    const echoed = await echoThroughCuts({
      to: et.stdin,
      from: et.stdout,
      cutCount: 5,
      pieceBytes: 20_000_000,
      cut: async () => {
        await road.cut?.();
        restarts += 1;
      },
    });
    expect(restarts).toBe(5);
    expect(echoed.receivedBytes).toBeGreaterThan(100_000_000);
    expect(echoed.received).toBe(echoed.sent);
    expect((await ended)[0]).toBe(3);
  });
});

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, type TestContext, test } from 'vitest';
import { EchoTyping } from '../support/echo-typing.ts';
import { LabHost } from '../support/lab-host.ts';
import type { Netlab } from '../support/netlab.ts';
import { hashOfFile, Payload } from '../support/payload.ts';
import { describeNeeding } from '../support/requirements.ts';
import { secondRoad } from '../support/second-road.ts';
import { until } from '../support/until.ts';

const TEST_MS = 180_000;
const KEYS = 60;
const TRANSFER_BYTES = 8_000_000;
/** A round trip of 50 ms, on both. */
const SETTINGS = ['delay=25', 'rate=16000'];
/** The second link is known to be good after some probes. */
const WARM_MS = 3000;

describeNeeding(['netlab', 'sshd'], 'a client with --standby and two networks', () => {
  test('types on when the network of the better road is cut, and then when the other one is', {
    timeout: TEST_MS,
  }, async (context) => {
    const { host, first, second } = await twoNetworks(context);
    const typing = await EchoTyping.start(host, ['--standby', 'testhost'], 5 * KEYS);
    await bothLinks(host, 1);
    await typing.type(KEYS);
    typing.longestGapMs = 0;
    await first.control('down');
    await typing.type(KEYS);
    await typing.echoed();
    report('typing, tcp cut', typing.longestGapMs);
    expect(host.log).toContain('is doubted');
    // No dial was waited for.
    expect(host.joined).toEqual(['ssh-stdio', 'tcp']);
    await first.control('up');
    await bothLinks(host, 2);
    await typing.type(KEYS);
    await typing.echoed();
    typing.longestGapMs = 0;
    await second.control('down');
    await typing.type(KEYS);
    await typing.echoed();
    report('typing, ssh cut', typing.longestGapMs);
    // An ssh that nobody has found dead yet outlives et until its kernel gives up.
    await second.control('up');
    await typing.finish();
  });

  test('a transfer goes on when the network that carries it is cut, and every byte arrives', {
    timeout: TEST_MS,
  }, async (context) => {
    const { host, first } = await twoNetworks(context);
    const payload = new Payload();
    context.onTestFinished(() => payload.remove());
    const path = payload.file('bulk', TRANSFER_BYTES);
    const [program, ...args] = host.lab.commandIn('client', [
      ...host.clientWords,
      '--standby',
      'testhost',
      `sleep 5; cat ${path}`,
    ]);
    const { environment, home } = host.host;
    const et = spawn(program, args, {
      cwd: home,
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const hash = createHash('sha256');
    let received = 0;
    let lastMs = 0;
    let longestGapMs = 0;
    et.stdout?.on('data', (bytes: Uint8Array) => {
      const nowMs = performance.now();
      if (received > 0) longestGapMs = Math.max(longestGapMs, nowMs - lastMs);
      lastMs = nowMs;
      received += bytes.length;
      hash.update(bytes);
    });
    const closed = once(et, 'close');
    await until(
      'the log',
      () => host.hasLog,
      (hasLog) => hasLog,
    );
    await bothLinks(host, 1);
    await until(
      'half of it',
      () => received,
      (bytes) => bytes > TRANSFER_BYTES / 2,
    );
    longestGapMs = 0;
    await first.control('down');
    await closed;
    report('transfer, tcp cut', longestGapMs);
    expect(hash.digest('hex')).toBe(await hashOfFile(path));
    expect(host.log).toContain('is doubted');
    expect(host.joined).toEqual(['ssh-stdio', 'tcp']);
  });
});

async function twoNetworks(
  context: TestContext,
): Promise<{ host: LabHost; first: Netlab; second: Netlab }> {
  const host = await LabHost.during(context, { settings: SETTINGS });
  const second = await secondRoad(context, host, ...SETTINGS);
  return { host, first: host.lab, second };
}

/** Settles when a link over tcp has joined so many times, and both are warm. */
async function bothLinks(host: LabHost, count: number): Promise<void> {
  await until(
    'a link over each network',
    () => host.joined.filter((road) => road === 'tcp').length,
    (joined) => joined >= count,
  );
  await sleep(WARM_MS);
}

/** Nothing here depends on how busy the machine is; whoever runs it sees the time. */
function report(what: string, gapMs: number): void {
  process.stderr.write(
    `${what}: the longest gap was ${gapMs.toFixed(0)} ms, the round trip 50 ms\n`,
  );
}

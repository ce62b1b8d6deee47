import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ClientMachine } from '../support/client-machine.ts';
import { EtHost, type ListedSession } from '../support/et-host.ts';
import { describeNeeding } from '../support/requirements.ts';
import { PROFILE } from '../support/through-router.ts';

const LINES = 3000;

describeNeeding(['sshd', 'linux'], 'a session whose server ends', () => {
  let host: EtHost;
  let laptop: ClientMachine;

  beforeAll(async () => {
    host = await EtHost.start();
    host.file('.bash_profile', PROFILE);
    laptop = new ClientMachine(host, 'laptop');
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') host.clear();
    await host.quiet();
    laptop.forget();
  });

  afterAll(async () => {
    await host.stop();
  });

  test.each(['tcp', 'udp', 'ssh'])(
    'by SIGTERM tells its client so, behind all that was printed, over %s',
    async (road) => {
      const et = await laptop.shell(['--name', 'w', '--via', road]);
      const { pid } = await host.onlySession();
      // The shell's end comes with the line that it prints last.
      et.type(`seq -f 'line %.0f' ${LINES}; kill $PPID; sleep 9\r`);
      await et.see(`line ${LINES}\r\n`);
      await et.see('et: the server ended the session: its host has ended it');
      expect((await et.ended).status).toBe(255);
      const lines = Array.from(et.text.matchAll(/^line (\d+)\r$/gmu), ([, number]) =>
        Number(number),
      );
      expect(lines).toEqual(Array.from({ length: LINES }, (_, index) => index + 1));
      expect(pid).toBeGreaterThan(0);
      const again = await laptop.run(['attach', 'w']);
      expect([again.status, laptop.kept()]).toEqual([255, []]);
    },
  );

  test('by SIGTERM while nobody is there tells who comes back, and what went with it', async () => {
    const { pid } = await left();
    process.kill(pid, 'SIGTERM');
    await host.quiet();
    expect(await whyGone()).toMatch(
      /"w" ended 0 min ago: its host has ended it; [1-9]\d* bytes of history went with it/u,
    );
  });

  test('by SIGKILL while nobody is there is told as that', async () => {
    const { pid } = await left();
    process.kill(pid, 'SIGKILL');
    await host.quiet();
    expect(await whyGone()).toMatch(
      new RegExp(
        `"w" ended when its server \\(pid ${pid}\\) was killed or crashed; its output is gone`,
        'u',
      ),
    );
  });

  test('with its machine is told as that', async () => {
    const { pid, session } = await left();
    process.kill(pid, 'SIGKILL');
    await host.quiet();
    const record = join(host.home, '.local/state/everterm/ended', `${session}.json`);
    const { boot, ...others } = JSON.parse(readFileSync(record, 'utf8'));
    expect(boot).toMatch(/^[0-9a-f-]{36}$/u);
    writeFileSync(record, JSON.stringify({ ...others, boot: boot.replaceAll(/\d/gu, '0') }));
    expect(await whyGone()).toContain(
      '"w" ended when its host was started anew; its output is gone',
    );
  });

  test('of which nothing is written down is told as not there, without a reason that nobody knows', async () => {
    const records = join(host.home, '.local/state/everterm/ended');
    rmSync(records, { recursive: true, force: true });
    const { pid, session } = await left();
    process.kill(pid, 'SIGKILL');
    await host.quiet();
    writeFileSync(join(records, `${session}.json`), '{"sess');
    expect(await whyGone()).toMatch(/^et: no session w on this host$/mu);
  });

  /** A session that was left, with its client's words that it is kept. */
  async function left(): Promise<ListedSession> {
    const et = await laptop.shell(['--name', 'w']);
    et.type('\r~d');
    await et.ended;
    return await host.onlySession();
  }

  /** What is said of it to who attaches, by its name here and by its name there. */
  async function whyGone(): Promise<string> {
    const desk = new ClientMachine(host, 'desk');
    const there = await desk.run(['attach', ...host.to, 'testhost', 'w']);
    const here = await laptop.run(['attach', 'w']);
    expect([here.status, there.status, laptop.kept()]).toEqual([255, 255, []]);
    const why = /"w" ended .*$/mu;
    expect(why.exec(there.stderr)?.[0]).toEqual(why.exec(here.stderr)?.[0]);
    return here.stderr;
  }
});

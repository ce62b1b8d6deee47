import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ClientMachine } from '../support/client-machine.ts';
import { EchoServer } from '../support/echo-server.ts';
import { EtHost, type ListedSession } from '../support/et-host.ts';
import type { EtTerminal } from '../support/et-terminal.ts';
import { freePort } from '../support/free-port.ts';
import { describeNeeding } from '../support/requirements.ts';
import { PROFILE } from '../support/through-router.ts';
import { until } from '../support/until.ts';

describeNeeding(['sshd', 'linux'], 'attaching', () => {
  let host: EtHost;
  let laptop: ClientMachine;
  let desk: ClientMachine;

  beforeAll(async () => {
    host = await EtHost.start();
    host.file('.bash_profile', PROFILE);
    laptop = new ClientMachine(host, 'laptop');
    desk = new ClientMachine(host, 'desk');
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') host.clear();
    else await host.etserver('kill', '--all');
    await host.quiet();
    laptop.forget();
    desk.forget();
  });

  afterAll(async () => {
    await host.stop();
  });

  test('takes no word, a name, the beginning of an id, a host, and a host with either', async () => {
    let last = await laptop.shell(['--name', 'w']);
    last.type('mine=4711\r');
    await last.see('$ ');
    const { session } = await host.onlySession();
    const id = session.slice(0, 6);
    const here = [[], ['w'], [id], ['testhost'], ['testhost', 'w'], ['testhost', session]];
    for (const words of here) {
      const next = laptop.et(['attach', ...words, '-p', '1']);
      await expectMine(next);
      await last.see('taken over by');
      expect((await last.ended).status).toBe(0);
      last = next;
    }
    for (const words of [['testhost'], ['testhost', 'w'], ['testhost', id]]) {
      desk.forget();
      const next = desk.et(['attach', ...host.to, ...words]);
      await expectMine(next);
      expect((await last.ended).status).toBe(0);
      last = next;
    }
    expect(await host.sessions()).toHaveLength(1);
  });

  test('with a name that nobody has says so, and begins nothing', async () => {
    for (const words of [['testhost', 'nobody'], ['testhost', 'abcdef'], ['testhost']]) {
      const { status, stderr } = await desk.run(['attach', ...host.to, ...words]);
      expect([status, stderr]).toEqual([255, expect.stringMatching(/no (?:such )?session/u)]);
    }
    expect(await host.sessions()).toEqual([]);
  });

  test('two that begin a session of one name at once are in one session', async () => {
    const both = [laptop, desk].map((machine) =>
      machine.et([...host.to, '--name', 'work', 'testhost']),
    );
    const ends = both.map((et) => et.ended);
    const winner = await Promise.race([
      both[0]?.see('taken over by').then(() => both[1]),
      both[1]?.see('taken over by').then(() => both[0]),
    ]);
    const { status } = await Promise.race(ends);
    expect(status).toBe(0);
    await host.onlySession();
    winner?.type('echo only""one\r');
    await winner?.see('onlyone');
    winner?.type('exit\r');
    await Promise.all(ends);
  });

  test.each(['tcp', 'udp', 'ssh'])(
    'takes over from a client that sleeps, over %s, and that is told so when it wakes',
    async (road) => {
      const first = await laptop.shell(['--name', 'w', '--via', road]);
      first.type('mine=4711\r');
      await first.see('$ ');
      process.kill(first.pty.pid, 'SIGSTOP');
      const second = desk.et(['attach', ...host.to, 'testhost', 'w']);
      await expectMine(second);
      process.kill(first.pty.pid, 'SIGCONT');
      await first.see('taken over by');
      expect(first.text).toMatch(/et: taken over by \S+@\S+; et attach w takes it back/u);
      expect((await first.ended).status).toBe(0);
      await expectMine(second);
      second.type('exit 4\r');
      expect((await second.ended).status).toBe(4);
    },
  );

  test('et ls knows each state: here, detached, left behind, elsewhere; attached, away, over', async () => {
    const ends: EtTerminal[] = [];
    for (const name of ['here', 'left', 'behind', 'taken']) {
      ends.push(await laptop.shell(['--name', name]));
    }
    const [, left, behind] = ends;
    left?.type('sleep 1; exit 9\r');
    left?.type('\r~d');
    await left?.ended;
    behind?.pty.signal('KILL');
    await behind?.ended;
    const taken = desk.et(['attach', ...host.to, 'testhost', 'taken']);
    await taken.see('$ ');
    await ends[3]?.ended;
    await until(
      'an end',
      () => host.sessions(),
      (listed) => listed.some(({ over }) => over),
    );
    const known = (await laptop.run(['ls'])).stdout.toString();
    for (const line of [
      /^here +[0-9a-f]{8} +\d+ s +here, pid \d+ +testhost$/mu,
      /^left +[0-9a-f]{8} +\d+ s +detached +testhost$/mu,
      /^behind +[0-9a-f]{8} +\d+ s +left behind +testhost$/mu,
      /^taken +[0-9a-f]{8} +\d+ s +elsewhere +testhost$/mu,
    ]) {
      expect(known).toMatch(line);
    }
    const json = JSON.parse((await laptop.run(['ls', '--json'])).stdout.toString());
    const states = json.known.map(({ name, left: why }: Record<string, unknown>) => [name, why]);
    expect(Object.fromEntries(states)).toEqual({
      here: null,
      left: 'detached',
      behind: null,
      taken: 'taken-over',
    });
    const there = JSON.parse(
      (await desk.run(['ls', ...host.to, 'testhost', '--json'])).stdout.toString(),
    );
    const all = Object.fromEntries(
      there.sessions.map((each: ListedSession & { readonly name: string }) => [each.name, each]),
    );
    expect(all).toMatchObject({
      here: { attached: true, over: false, cwd: host.home, by: expect.stringMatching(/@/u) },
      left: { attached: false, over: true },
      taken: { attached: true, over: false },
    });
    const table = (await desk.run(['ls', ...host.to, 'testhost'])).stdout.toString();
    expect(table).toMatch(/^left +[0-9a-f]{8} +\d+ s +over /mu);
    const last = laptop.et(['attach', 'left']);
    expect((await last.ended).status).toBe(9);
  });

  test('--kill-other-sessions ends the others, with or without a client, and no other', async () => {
    const first = await laptop.shell(['--name', 'one']);
    const second = await laptop.shell(['--name', 'two']);
    second.type('\r~d');
    await second.ended;
    const third = desk.et([...host.to, '--name', 'three', '--kill-other-sessions', 'testhost']);
    await first.see('the server ended the session: killed');
    expect((await first.ended).status).toBe(255);
    await third.see('$ ');
    expect(await host.onlySession()).toMatchObject({ name: 'three', attached: true });
    const fourth = desk.et([...host.to, '--name', 'three', '--kill-other-sessions', 'testhost']);
    expect((await third.ended).status).toBe(0);
    fourth.type('exit 6\r');
    expect((await fourth.ended).status).toBe(6);
  });

  test('--grace ends a session that nobody comes back to, and who comes too late is told so', async () => {
    const first = await laptop.shell(['--name', 'w', '--grace', '2s']);
    first.type('\r~d');
    await first.ended;
    const again = laptop.et(['attach', 'w']);
    await again.see('$ ');
    again.type('\r~d');
    await again.ended;
    await host.quiet();
    const late = await laptop.run(['attach', 'w']);
    expect(late.status).toBe(255);
    expect(late.stderr).toMatch(
      /is gone: "w" ended 0 min ago: nobody came for this session any more; \d+ bytes of history went with it/u,
    );
    expect(laptop.kept()).toEqual([]);
  });

  test('forwards end with their client, and the next one can have them', async () => {
    const echo = await EchoServer.open();
    const port = await freePort();
    const forward = ['-L', `${port}:127.0.0.1:${echo.port}`];
    const first = await laptop.shell(['--name', 'w', ...forward]);
    await until('a forward', () => echoes(port), Boolean);
    first.type('\r~d');
    await first.ended;
    expect(await echoes(port)).toBe(false);
    const second = laptop.et(['attach', 'w', ...forward]);
    await second.see('$ ');
    await until('the forward again', () => echoes(port), Boolean);
    second.pty.signal('KILL');
    await second.ended;
    const third = desk.et(['attach', ...host.to, ...forward, 'testhost', 'w']);
    await third.see('$ ');
    await until('the forward elsewhere', () => echoes(port), Boolean);
    third.type('exit\r');
    await third.ended;
    await echo.close();
  });

  async function echoes(port: number): Promise<boolean> {
    const script = `exec 3<>/dev/tcp/127.0.0.1/${port} && echo there >&3 && read -t 5 line <&3 && echo $line`;
    const { stdout } = await host.run('bash', ['-c', script]);
    return stdout.toString() === 'there\n';
  }

  async function expectMine(et: EtTerminal): Promise<void> {
    et.type('echo "[$mine]"\r');
    await et.see('[4711]');
  }
});

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { EtHost, type Finished, type ListedSession } from '../support/et-host.ts';
import type { EtTerminal } from '../support/et-terminal.ts';
import { describeNeeding } from '../support/requirements.ts';
import { until } from '../support/until.ts';

/** What `etserver ls` says more of a session. */
interface Listed extends ListedSession {
  readonly name?: string;
  readonly backlogBytes?: number;
}

/** A machine that clients run on: it has state of its own, and no sessions. */
type Machine = 'laptop' | 'desk';

describeNeeding(['sshd', 'linux'], 'a session that is left, and come back to', () => {
  let host: EtHost;

  beforeAll(async () => {
    host = await EtHost.start();
    host.file('.bash_profile', "PS1='$ '; bind 'set enable-bracketed-paste off'\n");
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') host.clear();
    await host.quiet();
    for (const machine of ['laptop', 'desk']) {
      rmSync(join(host.home, machine), { recursive: true, force: true });
    }
  });

  afterAll(async () => {
    await host.stop();
  });

  test('~d leaves the shell, says how to come back, and et attach finds it as it was', async () => {
    const first = await shell('laptop', ['--name', 'work']);
    first.type('kept=4711; echo before""leaving\r');
    await first.see('beforeleaving\r\n$ ');
    first.type('\r~d');
    await first.see('et: detached from work on testhost; et attach work comes back');
    expect((await first.ended).status).toBe(0);
    const { session, name, attached } = await only();
    expect([name, attached]).toEqual(['work', false]);
    const second = on('laptop', ['attach', 'work']);
    await second.see('beforeleaving');
    second.type('echo "[$kept]"; exit 5\r');
    await second.see('[4711]');
    expect((await second.ended).status).toBe(5);
    expect(kept('laptop')).toEqual([]);
    expect(session).toMatch(/^[0-9a-f]{32}$/u);
  });

  test('et HOST --name begins it the first time, and attaches afterwards; --new refuses', async () => {
    const first = await shell('laptop', ['--name', 'work']);
    first.type('mine=1\r');
    await first.see('$ ');
    const refused = await run('laptop', [...host.to, '--new', '--name', 'work', '-tt', 'testhost']);
    expect([refused.status, refused.stderr]).toEqual([
      255,
      expect.stringContaining('there is a session work on this host already'),
    ]);
    const second = on('desk', [...host.to, '--name', 'work', 'testhost']);
    await first.see('et: taken over by ');
    expect((await first.ended).status).toBe(0);
    expect(first.text).toMatch(/taken over by \S+@\S+; et attach work takes it back/u);
    second.type('echo "[$mine]"\r');
    await second.see('[1]');
    expect(await listed()).toHaveLength(1);
    await end(second);
  });

  test('who takes a session back from another machine gets new keys, and says who it is', async () => {
    const first = await shell('laptop', []);
    const { session } = await only();
    const id = session.slice(0, 8);
    await until(
      'kept',
      () => kept('laptop'),
      ({ length }) => length === 1,
    );
    const second = on('desk', ['attach', ...host.to, 'testhost', id]);
    second.type('echo at""desk\r');
    await second.see('atdesk');
    await first.see(`et attach ${id} takes it back`);
    await first.ended;
    // The keys of the laptop are refused by now, so it has to log in again.
    const third = on('laptop', ['attach', id]);
    await second.see('taken over by');
    expect((await second.ended).status).toBe(0);
    third.type('echo on""laptop\r');
    await third.see('onlaptop');
    await end(third);
  });

  test.each(['HUP', 'TERM'])('SIG%s to the client leaves the shell as it is', async (name) => {
    const first = await shell('laptop', ['--name', 'w']);
    await until(
      'kept',
      () => kept('laptop'),
      ({ length }) => length === 1,
    );
    first.pty.signal(name);
    expect((await first.ended).status).toBe(name === 'HUP' ? 129 : 143);
    expect(first.text).toContain('et attach w comes back');
    const second = on('laptop', ['attach']);
    await second.see('$ ');
    await end(second);
  });

  test('a terminal that is closed leaves the shell as it is', async () => {
    const first = await shell('laptop', ['--name', 'w']);
    first.pty.close();
    await until('no client', listed, ([one]) => one?.attached === false);
    const second = on('laptop', ['attach', 'w']);
    await second.see('$ ');
    await end(second);
  });

  test('a client that was killed has left what it takes to come back, at once and without a login', async () => {
    const first = await shell('laptop', ['--name', 'w']);
    first.type('mine=2\r');
    await first.see('$ ');
    await until(
      'kept',
      () => kept('laptop'),
      ({ length }) => length === 1,
    );
    first.pty.signal('KILL');
    await first.ended;
    // sshd is not there.
    const second = on('laptop', ['attach', 'w', '-p', '1']);
    second.type('echo "[$mine]"\r');
    await second.see('[2]');
    await end(second);
  });

  test('what is gone is told with the reason, once', async () => {
    const first = await shell('laptop', ['--name', 'w']);
    first.type('\r~d');
    await first.ended;
    const { pid } = await only();
    process.kill(pid, 'SIGKILL');
    await host.quiet();
    const gone = await run('laptop', ['attach', 'w']);
    expect(gone.status).toBe(255);
    expect(gone.stderr).toMatch(/^et: session w is gone: .*was killed or crashed/mu);
    expect(kept('laptop')).toEqual([]);
    const none = await run('laptop', ['attach']);
    expect([none.status, none.stderr]).toEqual([
      255,
      expect.stringContaining('no session is known here'),
    ]);
  });

  test('et ls says what runs on a host, and what is known here; et kill ends it', async () => {
    const first = await shell('laptop', ['--name', 'one']);
    const second = await shell('laptop', ['--name', 'two']);
    second.type('\r~d');
    await second.ended;
    await until(
      'kept',
      () => kept('laptop'),
      ({ length }) => length === 2,
    );
    const there = await run('desk', ['ls', ...host.to, 'testhost']);
    expect(there.stdout.toString()).toMatch(/^NAME +ID +UP +ATTACHED +BACKLOG +LAST OUTPUT +CWD/u);
    expect(there.stdout.toString()).toMatch(/^one +[0-9a-f]{8} +\d+ s +\S+@\S+ /mu);
    expect(there.stdout.toString()).toMatch(/^two +[0-9a-f]{8} +\d+ s +no, for /mu);
    const json = await run('desk', ['ls', '--json', ...host.to, 'testhost']);
    expect(JSON.parse(json.stdout.toString()).sessions).toHaveLength(2);
    const known = await run('laptop', ['ls']);
    expect(known.stdout.toString()).toMatch(/^two +[0-9a-f]{8} +\d+ s +detached +testhost$/mu);
    expect(known.stdout.toString()).toMatch(/^one +[0-9a-f]{8} +\d+ s +here, pid \d+ +testhost$/mu);
    const killed = await run('laptop', ['kill', 'two']);
    expect([killed.status, killed.stdout.toString()]).toEqual([0, 'killed two\n']);
    const other = await run('desk', ['kill', ...host.to, 'testhost', 'one']);
    expect([other.status, other.stdout.toString()]).toEqual([0, 'killed one\n']);
    await first.ended;
    expect(kept('laptop')).toEqual([]);
  });

  test('several that are meant are listed, and none is taken', async () => {
    const ends = [
      await shell('laptop', ['--name', 'a1x']),
      await shell('laptop', ['--name', 'b1x']),
    ];
    for (const et of ends) {
      et.type('\r~d');
      await et.ended;
    }
    const several = await run('laptop', ['attach', 'testhost']);
    expect(several.status).toBe(2);
    expect(several.stdout.toString()).toMatch(/^a1x .*\n?b1x |^b1x .*\n?a1x /mu);
    expect(several.stderr).toContain('say which: et attach ID, or et attach HOST NAME');
    const elsewhere = await run('desk', ['attach', ...host.to, 'testhost']);
    expect([elsewhere.status, elsewhere.stderr]).toEqual([
      2,
      expect.stringContaining('2 sessions on this host'),
    ]);
    expect((await run('laptop', ['kill', 'a1x', 'b1x'])).status).toBe(0);
  });

  test('et detach has the client leave: from within, and from elsewhere', async () => {
    const first = await shell('laptop', ['--name', 'w']);
    first.type(`${process.execPath} ${host.clientWords[1]} detach\r`);
    await first.see('et: detached from w on testhost; et attach w comes back');
    expect((await first.ended).status).toBe(0);
    const second = on('laptop', ['attach', 'w']);
    await second.see('$ ');
    const told = await run('laptop', ['detach', 'w']);
    expect([told.status, told.stdout.toString()]).toEqual([0, 'detached w\n']);
    expect((await second.ended).status).toBe(0);
    const outside = await run('laptop', ['detach']);
    expect([outside.status, outside.stderr]).toEqual([
      2,
      expect.stringContaining('et detach alone is for a shell in a session of et'),
    ]);
    expect((await run('laptop', ['kill', 'w'])).status).toBe(0);
  });

  test('et history prints what was printed, beside whoever works there', async () => {
    const first = await shell('laptop', ['--name', 'w']);
    first.type("printf '\\033[31mred\\033[m li\\rLI\\n'\r");
    await first.see('red');
    await until(
      'kept',
      () => kept('laptop'),
      ({ length }) => length === 1,
    );
    const text = await run('laptop', ['history', 'w']);
    expect([text.status, text.stderr]).toEqual([0, '']);
    expect(text.stdout.toString()).toContain('\nLId li\n');
    const raw = await run('desk', ['history', '--raw', ...host.to, 'testhost', 'w']);
    expect(raw.stdout.toString()).toContain('\u001b[31mred\u001b[m li\rLI\r\n');
    const piped = await host.run('sh', [
      '-c',
      `XDG_STATE_HOME=${host.home}/laptop "$@" history w | head -c 1`,
      'sh',
      ...host.clientWords.slice(0, 2),
    ]);
    expect([piped.stdout.length, piped.stderr]).toEqual([1, '']);
    first.type('echo still""there\r');
    await first.see('stillthere');
    await end(first);
  });

  test('what was left on purpose is not offered again, only named; what was left behind is offered', async () => {
    const first = await shell('laptop', ['--name', 'w']);
    first.type('\r~d');
    await first.ended;
    const second = on('laptop', [...host.to, 'testhost']);
    await second.see('1 detached session on this host: et attach w');
    await second.see('$ ');
    await until(
      'kept',
      () => kept('laptop'),
      ({ length }) => length === 2,
    );
    second.pty.signal('KILL');
    await second.ended;
    const third = on('laptop', [...host.to, 'testhost']);
    await third.see('was left behind. [r]esume, [n]ew, [k]ill it? ');
    third.type('r\r');
    await third.see('$ ');
    await end(third);
    expect((await run('laptop', ['kill', 'w'])).status).toBe(0);
  });

  test('the status of a shell that ended while nobody was there is given to whoever attaches', async () => {
    const first = await shell('laptop', ['--name', 'w']);
    first.type('sleep 2; exit 9\r');
    await first.see('exit 9');
    first.type('\r~d');
    await first.ended;
    await until('over', listed, ([one]) => one?.over === true);
    const second = on('laptop', ['attach', 'w']);
    expect((await second.ended).status).toBe(9);
    expect(kept('laptop')).toEqual([]);
  });

  test('of a long backlog the screen is shown at once, or all of it, as the user says', async () => {
    const first = await shell('laptop', ['--name', 'w']);
    first.type('sleep 1; seq 300000; echo all""there\r');
    await first.see('there\r\n');
    first.type('\r~d');
    await first.ended;
    const isLong = ([one]: readonly Listed[]): boolean => (one?.backlogBytes ?? 0) > 2_000_000;
    await until('a backlog', listed, isLong);
    const live = on('laptop', ['attach', 'w']);
    await live.see('of output were not shown; et history has them');
    await live.see('allthere');
    expect(live.text.length).toBeLessThan(200_000);
    live.type('sleep 1; seq 300000; echo again""there\r');
    await live.see('again""there');
    live.type('\r~d');
    await live.ended;
    await until('a backlog', listed, isLong);
    const asked = on('laptop', ['attach', 'w', '--backlog', 'ask']);
    await asked.see('of output came meanwhile: [s]how the screen, [r]eplay all? ');
    asked.type('r');
    await asked.see('299999\r\n300000\r\nagainthere');
    expect(asked.text.length).toBeGreaterThan(2_000_000);
    await end(asked);
  });

  test('et --local can be left too, and is found by its name', async () => {
    const [node = '', et = ''] = host.clientWords;
    const first = host.onTerminal([node, et, '--local', '--name', 'here']);
    await first.see('$ ');
    first.type('mine=3\r\r~d');
    await first.see('et: detached from here on this machine; et attach here comes back');
    await first.ended;
    const known = await host.elsewhere(['ls']);
    expect(known.stdout.toString()).toMatch(/^here +[0-9a-f]{8} /mu);
    const history = await host.elsewhere(['history', 'here']);
    expect([history.status, history.stdout.toString()]).toEqual([
      0,
      expect.stringContaining('mine=3'),
    ]);
    const second = host.onTerminal([node, et, 'attach', 'here']);
    second.type('echo "[$mine]"\r');
    await second.see('[3]');
    await end(second);
  });

  /** A shell on a machine's terminal. */
  async function shell(machine: Machine, flags: readonly string[]): Promise<EtTerminal> {
    const et = on(machine, [...host.to, ...flags, 'testhost']);
    await et.see('$ ');
    return et;
  }

  function on(machine: Machine, args: readonly string[]): EtTerminal {
    const [node = '', et = ''] = host.clientWords;
    return host.onTerminal([node, et, ...args], { environment: ofMachine(machine) });
  }

  async function run(machine: Machine, args: readonly string[]): Promise<Finished> {
    return await host.elsewhere(args, { environment: ofMachine(machine) });
  }

  function ofMachine(machine: Machine): Record<string, string> {
    return {
      XDG_STATE_HOME: join(host.home, machine),
      EVERTERM_RUN_DIR: join(host.home, machine, 'run'),
    };
  }

  function kept(machine: Machine): readonly string[] {
    const directory = join(host.home, machine, 'everterm', 'sessions');
    if (!existsSync(directory)) return [];
    return readdirSync(directory).filter((name) => name.endsWith('.json'));
  }

  async function listed(): Promise<readonly Listed[]> {
    return await host.sessions();
  }

  async function only(): Promise<Listed> {
    const [one] = await until('one session', listed, ({ length }) => length === 1);
    if (one === undefined) throw new Error('no session');
    return one;
  }

  async function end(et: EtTerminal): Promise<void> {
    et.type('exit\r');
    await et.ended;
  }
});

import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ET, EtHost, type ListedSession } from '../support/et-host.ts';
import type { EtTerminal } from '../support/et-terminal.ts';
import { describeNeeding } from '../support/requirements.ts';
import { until } from '../support/until.ts';

describeNeeding(['sshd', 'linux'], 'what ends a session, and what does not', () => {
  let host: EtHost;

  beforeAll(async () => {
    host = await EtHost.start();
    host.file('.bash_profile', "PS1='$ '\n");
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') host.clear();
  });

  afterAll(async () => {
    await host.stop();
  });

  test('a client that is killed leaves its shell running, to be listed, asked after and killed', async () => {
    const et = await shell();
    const { session } = await onlySession(true);
    et.pty.signal('KILL');
    await et.ended;
    const left = await onlySession(false);
    expect(left).toMatchObject({ session, command: '-bash', over: false });
    const list = await host.etserver('ls');
    expect(list.stdout.toString()).toMatch(
      new RegExp(
        `^${session.slice(0, 8)}  detached \\d+ s +started .* pid ${left.pid}  -bash  in ${host.home}\n$`,
        'u',
      ),
    );
    const alive = await host.etserver('alive', session);
    expect([alive.stdout.toString(), alive.status]).toEqual(['EVERTERM-ALIVE alive\n', 0]);
    const killed = await host.etserver('kill', session.slice(0, 6));
    expect(killed.stdout.toString()).toBe(`killed ${session}\n`);
    await host.quiet();
    const gone = await host.etserver('alive', session);
    expect(gone.stdout.toString()).toMatch(
      /^EVERTERM-ALIVE gone \{"why":"it ended 0 min ago: killed; \d+ bytes of history went with it"\}\n$/u,
    );
    expect(gone.status).toBe(1);
    expect((await host.etserver('ls')).stdout.toString()).toBe('no sessions\n');
    expect((await host.etserver('kill', session)).stderr).toContain('no session');
    host.forget();
  });

  test.each([
    ['a', []],
    ['a forced tcp', ['--via', 'tcp']],
    ['a forced ssh', ['--via', 'ssh']],
  ] as const)(
    'when the session server is killed, the client says so and exits with 255, over %s link',
    async (_, flags) => {
      const et = await shell(flags);
      const { pid } = await onlySession(true);
      process.kill(pid, 'SIGKILL');
      await et.see(
        `the session is gone: it ended when its server (pid ${pid}) was killed or crashed`,
      );
      expect((await et.ended).status).toBe(255);
      await host.quiet();
    },
  );

  test.each([
    ['HUP', 129],
    ['TERM', 143],
  ] as const)('SIG%s to the client of a shell leaves the shell as it is', async (name, status) => {
    const et = await shell();
    const { session } = await onlySession(true);
    process.kill(et.pty.pid, `SIG${name}`);
    await et.see(`et: detached from ${session.slice(0, 8)} on testhost; et attach`);
    expect((await et.ended).status).toBe(status);
    expect((await host.sessions())[0]).toMatchObject({ session, attached: false });
    await host.etserver('kill', '--all');
    await host.quiet();
    host.forget();
  });

  // The terminal's end hangs up ssh as well as et.
  test.each(['tcp', 'ssh'])(
    'a terminal that is closed leaves the shell as it is, over %s',
    async (road) => {
      const et = await shell(['--via', road]);
      await onlySession(true);
      et.pty.close();
      await onlySession(false);
      await host.etserver('kill', '--all');
      await host.quiet();
      host.forget();
    },
  );

  test('a shell that is left by exit as soon as it is there leaves no server behind', async () => {
    for (let round = 0; round < 8; round += 1) {
      const et = host.onTerminal([process.execPath, ET, '--local', '-tt']);
      await et.see('$ ');
      et.type('exit\r');
      expect((await et.ended).status).toBe(0);
      await host.quiet();
    }
  });

  test('~. ends the session at both ends', async () => {
    const et = await shell();
    et.type('\r~.');
    expect((await et.ended).status).toBe(255);
    await host.quiet();
  });

  test('the next et to the host offers what was left behind, and resumes it', async () => {
    const first = await shell();
    first.type('kept=4711\r');
    await first.see('$ ');
    const { session } = await onlySession(true);
    await until(
      'kept credentials',
      () => host.kept(),
      (names) => names.length === 1,
    );
    first.pty.signal('KILL');
    await first.ended;
    const second = host.terminal(['testhost']);
    await second.see('[r]esume, [n]ew, [k]ill it? ');
    second.type('r\r');
    await second.see('kept=4711');
    second.type('echo "[$kept]"; exit 5\r');
    await second.see('[4711]');
    expect((await second.ended).status).toBe(5);
    expect(host.kept()).toEqual([]);
    await host.quiet();
    expect(session).toMatch(/^[0-9a-f]{32}$/u);
  });

  test('what was left behind can be killed instead', async () => {
    const first = await shell();
    await until(
      'kept credentials',
      () => host.kept(),
      (names) => names.length === 1,
    );
    first.pty.signal('KILL');
    await first.ended;
    const left = await onlySession(false);
    const second = host.terminal(['testhost']);
    await second.see('[r]esume, [n]ew, [k]ill it? ');
    second.type('k\r');
    await second.see('$ ');
    expect((await onlySession(true)).session).not.toBe(left.session);
    second.type('exit\r');
    await second.ended;
  });

  test('--grace ends it when nobody has come back in time', async () => {
    const et = await shell(['--via', 'tcp', '--grace', '1s']);
    await onlySession(true);
    et.pty.signal('KILL');
    await et.ended;
    await host.quiet();
    host.forget();
  });

  test('its server has left everything of the login: process session, terminal, descriptors', async () => {
    const et = await shell(['--via', 'tcp']);
    const { pid } = await onlySession(true);
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    const [, , , sessionLeader, terminal] = stat;
    expect([sessionLeader, terminal]).toEqual([String(pid), '0']);
    await until(
      'standard input, output and error given back',
      () => [0, 1, 2].map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`)),
      (files) => files.every((file) => file === '/dev/null'),
    );
    et.type('exit\r');
    await et.ended;
  });

  test("its socket is its user's alone", async () => {
    const et = await shell();
    const { session } = await onlySession(true);
    const directory = join(host.home, 'run', `everterm-${process.getuid?.()}`);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, `${session}.sock`)).mode & 0o777).toBe(0o600);
    et.type('exit\r');
    await et.ended;
    await host.quiet();
    expect(readdirSync(directory)).not.toContain(`${session}.sock`);
  });

  async function shell(flags: readonly string[] = []): Promise<EtTerminal> {
    const et = host.terminal([...flags, 'testhost']);
    await et.see('$ ');
    return et;
  }

  async function onlySession(attached: boolean): Promise<ListedSession> {
    const [session] = await until(
      attached ? 'one session, with its client' : 'one session, without its client',
      () => host.sessions(),
      (list) => list.length === 1 && list[0]?.attached === attached,
    );
    if (session === undefined) throw new Error('no session');
    return session;
  }
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ET, EtHost, said } from '../support/et-host.ts';
import { EtTerminal } from '../support/et-terminal.ts';
import { describeNeeding } from '../support/requirements.ts';
import { until } from '../support/until.ts';

/** Throws in a timer of each program whose arguments have `word` among them, as soon as there is a file `fault` in its folder. */
const faultOf = (word: string): string =>
  `if (process.argv.includes(${JSON.stringify(word)})) setInterval(() => {
     if (require('node:fs').existsSync(process.env.HOME + '/fault')) throw new Error('planted');
   }, 50);\n`;

describeNeeding(['sshd', 'linux'], 'what goes wrong around a session', () => {
  let host: EtHost;

  beforeAll(async () => {
    host = await EtHost.start();
    host.file('.bash_profile', "PS1='$ '\n");
  });

  afterAll(async () => {
    await host.stop();
  });

  test('an exception in a timer of the session server does not end its work', async () => {
    const planted = host.file('server-fault.cjs', faultOf('--detached'));
    const environment = { NODE_OPTIONS: `--require=${planted}` };
    const result = await host.local(['touch ~/fault; sleep 1; rm ~/fault; echo survived; exit 4'], {
      environment,
    });
    expect(said(result)).toEqual({ stdout: 'survived\n', stderr: '', status: 4 });
    await host.quiet();
  });

  test('an exception in the client gives the terminal back and leaves the session to be resumed', async () => {
    const planted = host.file('client-fault.cjs', faultOf('--keepalive'));
    const words = `'${process.execPath}' --require='${planted}' '${ET}' ${host.to.join(' ')} --keepalive 60 testhost`;
    const script = `stty -a >before; ${words}; echo "status $?"; stty -a >after; cmp before after && echo same`;
    const { environment } = host;
    const et = new EtTerminal(['/bin/bash', '-c', script], { cwd: host.home, environment });
    await et.see('$ ');
    host.file('fault', '');
    await et.see(
      'et: et failed: planted\r\net: the session goes on: et to this host offers it again\r\n',
    );
    await et.see('status 255\r\nsame\r\n');
    await et.ended;
    rmSync(join(host.home, 'fault'));
    expect(kept().length).toBe(1);
    expect(await host.sessions()).toMatchObject([{ attached: false, over: false }]);
    await host.etserver('kill', '--all');
    for (const name of kept()) rmSync(join(sessionsOf(host), name));
    await host.quiet();
  });

  test.each([
    ['INT', 130],
    ['QUIT', 131],
  ] as const)('SIG%s to the client of a command ends the command', async (name, status) => {
    const child = spawn(process.execPath, [ET, ...host.to, 'testhost', 'echo ready; sleep 1000'], {
      cwd: host.home,
      env: host.environment,
    });
    await once(child.stdout, 'data');
    child.kill(`SIG${name}`);
    expect((await once(child, 'close'))[0]).toBe(status);
    await host.quiet();
  });

  test('a reader that takes its time keeps no session server', async () => {
    const words = [
      process.execPath,
      ET,
      ...host.to,
      'testhost',
      'head -c 100000 /dev/zero; exit 3',
    ];
    const script = '"$@" | { mkfifo go; read -r line <go; wc -c; }; echo "\x24{PIPESTATUS[0]}"';
    const finished = host.run('bash', ['-c', script, 'bash', ...words]);
    const clients = () => host.processes().filter((line) => line.includes('head -c 100000'));
    await until('the client runs', clients, (list) => list.length > 0);
    await until(
      'the session has begun',
      () => readdirSync(join(host.home, 'run')),
      (list) => list.length > 0,
    );
    await until(
      'its server has left',
      () => host.processes(),
      (list) =>
        list.every((line) => !line.includes('etserver.js') || line.includes('ls')) &&
        list.length > 0,
    );
    expect(clients().length).toBeGreaterThan(0);
    writeFileSync(join(host.home, 'go'), 'go\n');
    expect((await finished).stdout.toString()).toBe('100000\n3\n');
    await host.quiet();
  });

  test('output that cannot be written is a failure, whatever the command says', async () => {
    const words = [process.execPath, ET, ...host.to, 'testhost', 'echo lost'];
    const result = await host.run('bash', ['-c', '"$@" >/dev/full', 'bash', ...words]);
    expect([result.status, result.stderr]).toEqual([
      255,
      'et: standard output: ENOSPC: no space left on device, write\n',
    ]);
    await host.quiet();
  });

  test('a log that cannot be written does not matter', async () => {
    const full = await host.et(['-vvv', '--log', '/dev/full', 'testhost', 'echo out; exit 5']);
    expect(said(full)).toEqual({ stdout: 'out\n', stderr: '', status: 5 });
    const words = [process.execPath, ET, ...host.to, '-vvv', 'testhost', 'echo out; exit 5'];
    const closed = await host.run('bash', ['-c', '"$@" 2> >(:); exit $?', 'bash', ...words]);
    expect(said(closed)).toEqual({ stdout: 'out\n', stderr: '', status: 5 });
  });

  test('a session that is killed on the host is said to be, and not offered again', async () => {
    const et = host.terminal(['testhost']);
    await et.see('$ ');
    await until('what it takes to resume is kept', kept, (list) => list.length === 1);
    await host.etserver('kill', '--all');
    await et.see('et: the server ended the session: killed');
    expect((await et.ended).status).toBe(255);
    expect(kept()).toEqual([]);
    await host.quiet();
  });

  function kept(): readonly string[] {
    try {
      return readdirSync(sessionsOf(host));
    } catch {
      return [];
    }
  }
});

function sessionsOf(host: EtHost): string {
  return join(host.home, '.local/state/everterm/sessions');
}

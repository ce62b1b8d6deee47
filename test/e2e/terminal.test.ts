import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { EtHost } from '../support/et-host.ts';
import { describeNeeding } from '../support/requirements.ts';

/** Turns echo, line editing and signals off on the far terminal, and says when it is done. */
const RAW = 'stty raw -echo; echo ra""w';

/** A job that says when it is in the foreground. */
const JOB = 'sh -c \'echo job r""uns; exec sleep 1000\'';

describeNeeding(['sshd', 'linux'], 'a shell over et, on a terminal', () => {
  let host: EtHost;

  beforeAll(async () => {
    host = await EtHost.start();
    host.file('.bash_profile', "PS1='$ '; bind 'set enable-bracketed-paste off'\n");
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') host.clear();
  });

  afterAll(async () => {
    await host.stop();
  });

  test('prompts, echoes, runs, and exits with the status of its shell', async () => {
    const et = host.terminal(['testhost']);
    await et.see('$ ');
    et.type('echo "sum: $((20 + 22))"\r');
    await et.see('echo "sum: $((20 + 22))"\r\nsum: 42\r\n$ ');
    et.type('exit 7\r');
    expect(await et.ended).toEqual({ status: 7, signal: undefined });
  });

  test('has the size of the terminal, also when that changes', async () => {
    const et = host.terminal(['testhost'], { columns: 101, rows: 33 });
    await et.see('$ ');
    et.type('stty size\r');
    await et.see('33 101\r\n');
    et.type('trap "stty size" WINCH; echo wai"t"ing; while :; do read -t 0.1 x; done\r');
    await et.see('waiting\r\n');
    et.pty.resize(77, 22);
    await et.see('22 77\r\n');
    et.type('\x03');
    await et.see('$ ');
    et.type('exit\r');
    expect((await et.ended).status).toBe(130);
  });

  test('passes ^C, ^Z, ^D and ^\\ to the program', async () => {
    const et = host.terminal(['testhost']);
    await et.see('$ ');
    et.type(`${JOB}\r`);
    await et.see('job runs');
    et.type('\x03');
    await et.see('^C\r\n$ ');
    et.type(`${JOB}\r`);
    await et.see('job runs');
    et.type('\x1a');
    await et.see('Stopped');
    et.type(`kill %1; ${JOB}\r`);
    await et.see('job runs');
    et.type('\x1c');
    await et.see('Quit');
    et.type('sh -c "echo job r\'\'uns; exec cat"\r');
    await et.see('job runs\r\n');
    et.type('line\r');
    await et.see('line\r\nline\r\n');
    et.type('\x04');
    await et.see('$ ');
    et.type('\x04');
    await et.ended;
  });

  test('passes every byte both ways, once the program is raw', async () => {
    const et = host.terminal(['--escape-char', 'none', 'testhost']);
    await et.see('$ ');
    const all = Uint8Array.from({ length: 1024 }, (_, index) => index & 0xff);
    et.type(
      `${RAW}; head -c ${all.length} | tee copy; stty sane; cmp -n 1024 copy - <copy; exit\r`,
    );
    await et.see('raw\n');
    await et.paste(all);
    await et.see(Buffer.from(all).toString('latin1'));
    await et.ended;
  });

  test('passes UTF-8, and the far line editor knows its characters', async () => {
    const et = host.terminal(['testhost']);
    await et.see('$ ');
    et.type(`IFS= read -r x; echo \${#x}\r`);
    await et.see('\r\n');
    et.pty.write(Buffer.from('añ漢😀\x7f\x7f漢\r', 'utf8'));
    await et.see('\r\n3\r\n');
    et.type('exit\r');
    await et.ended;
  });
});

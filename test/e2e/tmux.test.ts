import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { EtHost } from '../support/et-host.ts';
import type { EtTerminal } from '../support/et-terminal.ts';
import { describeNeeding, requireTool } from '../support/requirements.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

/** What no two runs share: the times and numbers of commands, and process ids. */
const VARIABLE = /(%(?:begin|end|error)) \d+ \d+/gu;

describeNeeding(['sshd', 'linux', 'tmux'], 'tmux -CC over et', () => {
  let host: EtHost;
  let proxy: TcpProxy;

  beforeAll(async () => {
    host = await EtHost.start();
    host.file('tmux.conf', 'set -g automatic-rename off\n');
    proxy = await TcpProxy.before('127.0.0.2');
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') host.clear();
  });

  afterAll(async () => {
    await proxy.close();
    await host.stop();
  });

  test('gets the bytes that tmux wrote, across silences and cuts, and nothing of ours between them', async () => {
    const control = tmux('one', 'bash --norc', 'written');
    const where = ['--via', 'tcp', '--port', String(proxy.port), '--bind', '127.0.0.2'];
    const et = host.terminal(['--escape-char', 'none', ...where, '-c', control, 'testhost']);
    await et.see('\x1bP1000p');
    await et.see('%session-changed');
    let cuts = 0;
    const cutAt = proxy.downBytes + 50_000;
    proxy.onDown = () => {
      if (proxy.downBytes < cutAt || cuts > 0) return;
      cuts += 1;
      proxy.cut();
    };
    et.type(`send-keys -l "seq 1 20000; echo al''l"\rsend-keys Enter\r`);
    await et.see('all\\015');
    expect(cuts).toBe(1);
    // Long enough for the title to say so, if it could.
    proxy.isHole = true;
    proxy.cut();
    await new Promise((resolve) => setTimeout(resolve, 4000));
    et.type('display-message -p "typed in the outage"\r');
    proxy.isHole = false;
    await et.see('typed in the outage');
    et.type('kill-session\r');
    expect((await et.ended).status).toBe(0);
    const written = readFileSync(join(host.home, 'written'), 'latin1');
    const [from, to] = [written.indexOf('\n') + 1, written.lastIndexOf('\nScript done')];
    expect(et.text).toBe(written.slice(from, to));
  });

  test('is as tmux -CC is here', async () => {
    const script = [
      'list-windows -F "#{window_index}"',
      'display-message -p "ünïcode"',
      'kill-session',
    ];
    const run = async (et: EtTerminal): Promise<string> => {
      await et.see('%session-changed');
      for (const line of script) {
        et.type(`${line}\r`);
        await et.see(line === 'kill-session' ? '%exit' : '%end');
      }
      await et.ended;
      return et.text.replaceAll(VARIABLE, '$1');
    };
    const far = await run(
      host.terminal(['--escape-char', 'none', '-c', tmux('two', 'cat'), 'testhost']),
    );
    const near = await run(host.onTerminal(['sh', '-c', tmux('two', 'cat')]));
    expect(far).toBe(near);
  });

  /** `copy`: a file in which all that it writes to its terminal is kept, behind one line. */
  function tmux(name: string, program: string, copy?: string): string {
    const command = `${requireTool('tmux')} -L et-${name} -f ${host.home}/tmux.conf -CC new -s ${name} -x 80 -y 24 ${program}`;
    return copy === undefined ? command : `script -qfec '${command}' ${copy}`;
  }
});

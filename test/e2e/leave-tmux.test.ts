import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { EtHost } from '../support/et-host.ts';
import type { EtTerminal } from '../support/et-terminal.ts';
import { describeNeeding, requireTool } from '../support/requirements.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

/** Ten minutes, in which tmux would throw out a client of its own that does not read. */
const AWAY_MS = process.env['EVERTERM_SOAK'] === '1' ? 600_000 : 90_000;
const TEST_MS = AWAY_MS + 90_000;

describeNeeding(
  ['sshd', 'linux', 'tmux'],
  'tmux -CC whose client is away under steady output',
  () => {
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
      for (const name of ['asleep', 'cut']) {
        spawnSync(requireTool('tmux'), ['-L', serverOf(name), 'kill-server']);
      }
      await proxy.close();
      await host.stop();
    });

    test.concurrent('asleep: every byte is there when it wakes', { timeout: TEST_MS }, async () => {
      await comesBack('asleep', [], (et) => {
        process.kill(et.pty.pid, 'SIGSTOP');
        return () => process.kill(et.pty.pid, 'SIGCONT');
      });
    });

    test.concurrent('cut off: every byte is there when the network is', {
      timeout: TEST_MS,
    }, async () => {
      const where = ['--via', 'tcp', '--port', String(proxy.port), '--bind', '127.0.0.2'];
      await comesBack('cut', where, () => {
        proxy.isHole = true;
        proxy.cut();
        return () => {
          proxy.isHole = false;
        };
      });
    });

    /** `leave` takes the client away, and what it returns brings it back. */
    async function comesBack(
      name: string,
      flags: readonly string[],
      leave: (et: EtTerminal) => () => void,
    ): Promise<void> {
      const words = `${requireTool('tmux')} -L ${serverOf(name)} -f ${host.home}/tmux.conf -CC new -s ${name} -x 80 -y 24 "bash --norc"`;
      const control = `script -qfec '${words}' ${name}`;
      const et = host.terminal(['--escape-char', 'none', ...flags, '-c', control, 'testhost']);
      await et.see('%session-changed');
      // About 150 kB/s.
      const line = `x=$(printf %0200d 7); while :; do for i in $(seq 60); do echo $i $x; done; sleep 0.1; done`;
      et.type(`send-keys -l '${line}'\rsend-keys Enter\r`);
      // Not the prompt's: what was typed may not even have left.
      await et.see('60 0000');
      const size = (): number => statSync(join(host.home, name)).size;
      const comeBack = leave(et);
      const before = size();
      await sleep(AWAY_MS);
      const whileAway = size() - before;
      comeBack();
      await until(
        'all of it',
        () => et.text.length,
        (length) => length > before + whileAway,
      );
      et.type('kill-session\r');
      expect((await et.ended).status).toBe(0);
      expect(et.text).not.toContain('too far behind');
      expect(whileAway).toBeGreaterThan(2_000_000);
      const written = readFileSync(join(host.home, name), 'latin1');
      const [from, to] = [written.indexOf('\n') + 1, written.lastIndexOf('\nScript done')];
      expect(et.text).toBe(written.slice(from, to < 0 ? undefined : to));
    }
  },
);

/** One of this run: a run that was killed leaves its own behind, and others run beside. */
function serverOf(name: string): string {
  return `et-${name}-${process.pid}`;
}

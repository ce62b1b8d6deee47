import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ClientMachine } from '../support/client-machine.ts';
import { EtHost } from '../support/et-host.ts';
import type { EtTerminal } from '../support/et-terminal.ts';
import { MarkedOutput, seqDigest } from '../support/marked-output.ts';
import { describeNeeding, requireTool } from '../support/requirements.ts';
import { PROFILE } from '../support/through-router.ts';
import { until } from '../support/until.ts';

describeNeeding(
  ['sshd', 'linux', 'root', 'mount'],
  'a host whose disk does not keep what it should',
  () => {
    let host: EtHost;
    let machine: ClientMachine;

    beforeAll(async () => {
      host = await EtHost.start();
      host.file('.bash_profile', PROFILE);
      machine = new ClientMachine(host, 'laptop');
    });

    afterEach(async ({ task }) => {
      if (task.result?.state === 'fail') host.clear();
      await host.quiet();
      machine.forget();
      for (const name of ['left', 'done']) rmSync(join(host.home, name), { force: true });
    });

    afterAll(async () => {
      await host.stop();
    });

    test('as it is full: the user is told, the shell lives, and what is printed later is right', async () => {
      const state = join(host.home, '.local/state');
      mkdirSync(state, { recursive: true });
      execFileSync(requireTool('mount'), ['-t', 'tmpfs', '-o', 'size=3m', 'everterm-test', state]);
      try {
        const first = await machine.shell(['--name', 'w']);
        const last = 1_400_000;
        const seen = await output(first, last);
        expect([seen.bytes, seen.digest]).toEqual(Object.values(seqDigest(last)));
        expect(first.text).toContain('[everterm: history is kept in memory, and less of it: ');
        expect(await first.command('echo li""ves')).toContain('lives\n');
        first.type(`${writer(1_000_000)}\r`);
        await first.see('\x02');
        first.type('\r~d');
        await first.ended;
        host.file('left', '');
        await written();
        const replayed = await replay();
        expect([replayed.bytes + replayed.missing, replayed.status]).toEqual([
          seqDigest(1_000_000).bytes,
          0,
        ]);
        expect(replayed.digest).toBe(seqDigest(1_000_000, replayed.bytes).digest);
      } finally {
        await host.quiet();
        execFileSync(requireTool('umount'), [state]);
      }
    });

    test('as somebody has changed it: the damage is told to the byte, the rest is right, and the shell lives', async () => {
      const last = 4_000_000;
      const first = await machine.shell(['--name', 'w']);
      first.type(`${writer(last)}\r`);
      await first.see('\x02');
      first.type('\r~d');
      await first.ended;
      host.file('left', '');
      await written();
      const [session = ''] = readdirSync(join(host.home, '.local/state/everterm/spool'));
      const directory = join(host.home, '.local/state/everterm/spool', session);
      expect([statSync(directory).mode & 0o777, readdirSync(directory)]).toEqual([
        0o700,
        ['0.spool', '1.spool'],
      ]);
      expect(statSync(join(directory, '0.spool')).mode & 0o777).toBe(0o600);
      // A bit in the third block, and in the hundredth.
      for (const block of [2, 99])
        flipBit(join(directory, '0.spool'), block * (65_536 + 16) + 5000);
      const history = await machine.run(['history', '--raw', 'w']);
      expect([history.status, history.stderr]).toEqual([
        0,
        `et: ${2 * 65_536} bytes of it are not kept any more\n`,
      ]);
      const found = await replay();
      expect(found.status).toBe(0);
      expect(found.missing).toBe(2 * 65_536);
      expect(found.bytes).toBe(seqDigest(last).bytes - found.missing);
      expect(found.notices.filter((text) => !text.endsWith('were not kept'))).toHaveLength(2);
    });

    test('and says nothing to who reads it: no byte of the output is in a spool', async () => {
      const first = await machine.shell(['--name', 'w']);
      const { bytes } = await output(first, 800_000);
      expect(bytes).toBe(seqDigest(800_000).bytes);
      const spools = join(host.home, '.local/state/everterm/spool');
      const [session = ''] = readdirSync(spools);
      const found = await host.run('grep', ['-c', '100001', join(spools, session, '0.spool')]);
      expect([found.status, found.stdout.toString()]).toEqual([1, '0\n']);
      first.type('exit\r');
      await first.ended;
      await host.quiet();
      expect(readdirSync(spools)).toEqual([]);
      chmodSync(spools, 0o700);
    });

    /** Words for a shell that print `seq 1 LAST` between marks, once its client has left. */
    function writer(last: number): string {
      return `stty -opost -echo; printf '\\2'; until [ -e left ]; do sleep 0.1; done; seq 1 ${last}; printf '\\3'; stty opost echo; rm left; touch done`;
    }

    async function written(): Promise<void> {
      const done = join(host.home, 'done');
      await until('all output', () => existsSync(done), Boolean);
      rmSync(done);
    }

    /** What a client that is there is shown of it. */
    async function output(et: EtTerminal, last: number): Promise<ReturnType<MarkedOutput['find']>> {
      host.file('left', '');
      et.type(`${writer(last)}\r`);
      const start = et.text.length;
      await et.see('\x03');
      await written();
      const marked = new MarkedOutput();
      marked.push(Buffer.from(et.text.slice(start), 'latin1'));
      return marked.find();
    }

    /** What comes to who attaches for all of it; its standard input ends, and with it the shell. */
    async function replay(): Promise<
      ReturnType<MarkedOutput['find']> & { readonly status: number | null }
    > {
      const { stdout, stderr, status } = await machine.run(['attach', '--backlog', 'replay', 'w']);
      const marked = new MarkedOutput();
      marked.push(stdout);
      return { ...marked.find(stderr), status };
    }
  },
);

function flipBit(path: string, at: number): void {
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 0x10;
  writeSync(file, byte, 0, 1, at);
  closeSync(file);
}

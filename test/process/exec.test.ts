import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ExecOptions } from '../../src/process/exec.ts';
import { makeExecPipes } from '../../src/process/exec-pipes.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { until } from '../support/until.ts';
import { ExecProbe } from './exec-probe.ts';
import { PtyProbe } from './pty-probe.ts';

/** All three ways to start: real pipes, through the launcher, and sockets where no pipe can be made. */
const WAYS: readonly [string, () => Partial<ExecOptions>][] = [
  ['pipes', () => ({})],
  ['pipes and a launcher', () => ({ openFiles: 512 })],
  ['sockets', () => ({ pipes: makeExecPipes('/nowhere/sh') })],
  ['sockets and a launcher', () => ({ pipes: makeExecPipes('/nowhere/sh'), openFiles: 512 })],
];

async function run(command: string, options: Partial<ExecOptions> = {}): Promise<ExecProbe> {
  return (await new ExecProbe().start(command, options)).resume();
}

describe.each(WAYS)('over %s', (_way, options) => {
  test('the status is told after both outputs have ended', async () => {
    const probe = await run('echo out; echo err >&2; exit 7', options());
    await probe.ended;
    expect([probe.out, probe.err, probe.exit]).toEqual([
      'out\n',
      'err\n',
      { status: 7, signal: undefined },
    ]);
    expect(probe.log.sort()).toEqual(['stderr end', 'stdout end']);
  });

  test('the death by a signal is told by its name', async () => {
    const probe = await run('kill -TERM $$', options());
    await probe.ended;
    expect(probe.exit).toEqual({ status: undefined, signal: 'TERM' });
  });

  test('both outputs are exact and apart, every byte value', async () => {
    const bytes = new SeededRandom(5).bytes(3_000_000);
    const probe = await run('exec bash --norc -c "tee >(cat >&2)"', options());
    for (let at = 0; at < bytes.length; at += 60_000) {
      probe.exec.stdin.write(bytes.subarray(at, at + 60_000));
      await probe.drained();
    }
    probe.exec.stdin.end();
    await probe.ended;
    const wanted = Buffer.from(bytes).toString('latin1');
    expect(probe.out === wanted).toBe(true);
    expect(probe.err === wanted).toBe(true);
  });

  test('the end of input leaves the output open', async () => {
    const probe = await run('sort; echo after', options());
    probe.exec.stdin.write(Buffer.from('b\na\n'));
    probe.exec.stdin.end();
    await probe.ended;
    expect(probe.out).toBe('a\nb\nafter\n');
  });

  test('input that nobody reads is dropped without an error', async () => {
    const probe = await run('exec <&-; echo closed; sleep 0.2; echo done', options());
    await probe.see('closed');
    for (let i = 0; i < 20; i += 1) probe.exec.stdin.write(new Uint8Array(100_000));
    await probe.drained();
    await probe.ended;
    expect([probe.out, probe.exit?.status]).toEqual(['closed\ndone\n', 0]);
    expect(probe.exec.stdin.bufferedBytes).toBe(0);
  });

  test('a paused output is held back, also over the exit, and lost nowhere', async () => {
    const probe = await new ExecProbe().start('printf "%03000d" 7; printf err >&2', options());
    await gone(probe.exec.pid);
    expect([probe.out, probe.err, probe.exit]).toEqual(['', '', undefined]);
    probe.exec.stderr.resume();
    probe.exec.stdout.resume();
    await probe.ended;
    expect([probe.out.length, probe.err]).toEqual([3000, 'err']);
  });

  test('writes wait while the command does not read', async () => {
    const probe = await run('sleep 0.1; wc -c', options());
    const bytes = new Uint8Array(2_000_000);
    probe.exec.stdin.write(bytes);
    expect(probe.exec.stdin.bufferedBytes).toBe(2_000_000);
    probe.exec.stdin.end();
    await probe.ended;
    expect(probe.out.trim()).toBe('2000000');
  });

  test('a signal reaches the whole group', async () => {
    const probe = await run('sleep 1000 & echo $!; sleep 1000', options());
    await probe.see('\n');
    expect(probe.exec.signal('SIGKILL')).toBe(true);
    await probe.ended;
    await gone(Number(probe.out));
    expect(probe.exec.signal('KILL')).toBe(false);
  });

  test('a command inherits three descriptors', async () => {
    const pty = new PtyProbe({ file: '/bin/sleep', args: ['1000'], argv0: 'sleep' });
    const probe = await run('echo ready; exec sleep 1000', options());
    await probe.see('ready');
    // A program that is being loaded has its libraries open for a moment; what was inherited stays.
    await until(
      'three descriptors',
      () => readdirSync(`/proc/${probe.exec.pid}/fd`).sort().join(),
      (descriptors) => descriptors === '0,1,2',
    );
    probe.exec.signal('KILL');
    pty.pty.signal('KILL');
    await probe.ended;
    pty.pty.resume();
    await pty.ended;
  });
});

/** Settles when a process is no more, or waits for its parent as a zombie. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      if (/\) Z /u.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))) return;
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('pipes can be made every time', async () => {
  for (let round = 0; round < 20; round += 1) {
    const pipes = await makeExecPipes();
    if (pipes === undefined) throw new Error('no pipes');
    for (const { ours, theirs } of Object.values(pipes)) {
      closeSync(ours);
      closeSync(theirs);
    }
  }
});

test('the standard streams can be opened by name, as under ssh', async () => {
  const probe = await run('echo out >/dev/stdout; echo err >/dev/stderr; cat /dev/stdin');
  probe.exec.stdin.write(Buffer.from('in\n'));
  probe.exec.stdin.end();
  await probe.ended;
  expect([probe.out, probe.err]).toEqual(['out\nin\n', 'err\n']);
});

test('the command is run by the shell, under its base name, with the limit asked for', async () => {
  for (const openFiles of [undefined, 345]) {
    const probe = await run('echo $0 $(ulimit -Sn) $PWD', {
      shell: '/bin/bash',
      openFiles,
      cwd: '/usr',
    });
    await probe.ended;
    expect(probe.out).toMatch(
      openFiles === undefined ? /^bash \d+ \/usr\n/u : /^bash 345 \/usr\n/u,
    );
  }
});

test('a process left behind that holds an output open delays the exit, as under ssh', async () => {
  const probe = await run('(sleep 0.3; echo late) & exit 5');
  await probe.ended;
  expect([probe.out, probe.exit?.status]).toEqual(['late\n', 5]);
});

test('closing ends a command that writes on, by SIGPIPE', async () => {
  const probe = await run('exec yes');
  await probe.see('y\n');
  probe.exec.close();
  await probe.ended;
  expect(probe.exit).toEqual({ status: undefined, signal: 'PIPE' });
});

test('a command that cannot start is refused, and leaks nothing', async () => {
  await expect(run('true', { cwd: '/nowhere/at/all' })).rejects.toMatchObject({
    code: 'ET_ERR_PTY',
  });
  const before = readdirSync('/proc/self/fd').length;
  await expect(run('true', { cwd: '/nowhere/at/all' })).rejects.toMatchObject({
    code: 'ET_ERR_PTY',
  });
  expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
});

test('no descriptor is left after a command', async () => {
  const once = async (): Promise<void> => {
    const probe = await run('echo');
    await probe.ended;
    await new Promise((resolve) => setTimeout(resolve, 10));
  };
  await once();
  const before = readdirSync('/proc/self/fd').length;
  for (let round = 0; round < 5; round += 1) await once();
  expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
});

test('a standard input that has ended can still be opened by name', async () => {
  const probe = await run('sleep 0.1; cat /dev/stdin; echo end');
  probe.exec.stdin.end();
  await probe.ended;
  expect(probe.out).toBe('end\n');
});

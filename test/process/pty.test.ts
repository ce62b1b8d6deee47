import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PtyOptions } from '../../src/process/pty.ts';
import { PtyProbe } from './pty-probe.ts';

/** Twenty thousand bytes that say where they belong. */
const COUNTED = Array.from({ length: 2500 }, (_, i) => String(i).padStart(7, '0')).join('\n');
const PRINT_AND_EXIT = 'i=0; exec printf "%07d\\n" $(seq 0 2499)';

let folder: string;
const probes: PtyProbe[] = [];

function open(script: string, options: Partial<PtyOptions> = {}): PtyProbe {
  const probe = new PtyProbe({ file: '/bin/sh', args: ['-c', script], argv0: 'sh', ...options });
  probes.push(probe);
  return probe;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'everterm-pty-'));
});

afterEach(() => {
  for (const probe of probes.splice(0)) if (probe.exit === undefined) probe.pty.signal('KILL');
  rmSync(folder, { recursive: true, force: true });
});

describe('the last output before an exit', () => {
  test('arrives whole and in order, a hundred times', { timeout: 120_000 }, async () => {
    for (let round = 0; round < 100; round += 1) {
      const probe = open(`stty -opost; ${PRINT_AND_EXIT}`);
      probe.pty.resume();
      await probe.ended;
      expect(probe.text).toBe(`${COUNTED}\n`);
    }
  });

  test('waits for a paused reader, and the exit waits with it', { timeout: 60_000 }, async () => {
    for (let round = 0; round < 10; round += 1) {
      const probe = open('stty -opost; printf "%03000d" 7; : > "$DONE"', {
        environment: () => ({ PATH: '/usr/bin:/bin', DONE: join(folder, `done-${round}`) }),
      });
      await probe.processGone();
      expect(existsSync(join(folder, `done-${round}`))).toBe(true);
      expect([probe.text, probe.exit]).toEqual(['', undefined]);
      probe.pty.resume();
      await probe.ended;
      expect(probe.text).toBe('7'.padStart(3000, '0'));
    }
  });

  test('arrives at a reader that pauses after each piece', { timeout: 60_000 }, async () => {
    for (let round = 0; round < 10; round += 1) {
      const probe = open(`stty -opost; ${PRINT_AND_EXIT}`);
      probe.pauseAfterEach = true;
      probe.pty.batchBytes = 4095;
      probe.pty.resume();
      await probe.ended;
      expect(probe.text).toBe(`${COUNTED}\n`);
      expect(probe.handedUpWhilePaused).toBe(0);
    }
  });

  test('does not wait for a process left behind that keeps the terminal open', async () => {
    const probe = open(`trap '' HUP; sleep 1000 & echo $! > ${folder}/pid; echo last; exit 4`);
    probe.pty.resume();
    await probe.ended;
    expect([probe.text, probe.exit]).toEqual(['last\r\n', { status: 4, signal: undefined }]);
    spawnSync('sh', ['-c', `kill $(cat ${folder}/pid)`]);
  });
});

test('a hundred megabytes of all byte values pass a raw terminal unchanged', {
  timeout: 120_000,
}, async () => {
  const file = join(folder, 'random');
  const made = spawnSync('sh', ['-c', `head -c 100000000 /dev/urandom | tee ${file} | sha256sum`]);
  const digest = createHash('sha256');
  const probe = open(`exec cat ${file}`, { modes: ['raw', '-echo'] });
  probe.sink = (bytes) => digest.update(bytes);
  probe.pty.resume();
  await probe.ended;
  expect(probe.bytes).toBe(100_000_000);
  expect(made.stdout.toString()).toContain(digest.digest('hex'));
});

test('a paste of ten megabytes reaches a slow reader whole', { timeout: 120_000 }, async () => {
  const line = `${'0123456789abcde'.repeat(64)}\n`;
  const paste = Buffer.from(line.repeat(10_000_000 / line.length + 1)).subarray(0, 10_000_000);
  const probe = open('echo ready; head -c 10000000 | (sleep 0.1; sha256sum)', {
    modes: ['raw', '-echo', 'opost'],
  });
  probe.pty.resume();
  await probe.see('ready');
  for (let at = 0; at < paste.length; ) {
    const piece = paste.subarray(at, at + Math.min(probe.pty.writableBytes, 100_000));
    if (piece.length === 0) await probe.writable();
    probe.pty.write(piece);
    at += piece.length;
  }
  await probe.ended;
  expect(probe.pty.queued).toBe(0);
  expect(probe.text).toContain(createHash('sha256').update(paste).digest('hex'));
});

test('a write beyond the bound is refused whole', async () => {
  const probe = open('stty raw -echo; echo ready; exec sleep 1000');
  probe.pty.resume();
  await probe.see('ready');
  probe.pty.write(new Uint8Array(8 * 1024 * 1024));
  const room = probe.pty.writableBytes;
  expect(() => probe.pty.write(new Uint8Array(room + 1))).toThrow(/ET_ERR_PTY|room for/u);
  probe.pty.write(new Uint8Array(room));
  expect(probe.pty.writableBytes).toBe(0);
  probe.pty.signal('TERM');
  await probe.ended;
  expect(probe.exit).toEqual({ status: undefined, signal: 'TERM' });
});

test('a resize is seen by the program, at once and by SIGWINCH', async () => {
  const probe = open("trap 'stty size; exit' WINCH; stty size; while :; do sleep 0.05; done", {
    columns: 91,
    rows: 33,
  });
  probe.pty.resume();
  await probe.see('33 91\r\n');
  probe.pty.resize(132, 50);
  await probe.ended;
  expect(probe.text).toBe('33 91\r\n50 132\r\n');
  probe.pty.resize(80, 24);
});

test('children of one process see no descriptor of each other', async () => {
  if (!existsSync('/proc/self/fd')) return;
  const all = [1, 2, 3].map(() => open('echo ready; exec sleep 1000'));
  for (const probe of all) {
    probe.pty.resume();
    await probe.see('ready');
    const fds = readdirSync(`/proc/${probe.pty.pid}/fd`);
    expect(fds.sort()).toEqual(['0', '1', '2']);
    for (const fd of fds) {
      expect(readlinkSync(`/proc/${probe.pty.pid}/fd/${fd}`)).toBe(probe.pty.path);
    }
  }
});

test('no descriptor of ours is left after an exit', async () => {
  if (!existsSync('/proc/self/fd')) return;
  const run = async (): Promise<void> => {
    const probe = open('exit 0');
    probe.pty.resume();
    await probe.ended;
  };
  await run();
  const before = readdirSync('/proc/self/fd').length;
  for (let round = 0; round < 10; round += 1) await run();
  await new Promise((resolve) => setImmediate(resolve));
  expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
});

test('a hang-up reaches the program, and its exit is still told', async () => {
  const probe = open(
    `trap 'echo hup > ${folder}/hup; exit 3' HUP; echo ready; while :; do sleep 0.05; done`,
  );
  probe.pty.resume();
  await probe.see('ready');
  probe.pty.close();
  probe.pty.write(new Uint8Array(10));
  await probe.ended;
  expect(probe.exit).toEqual({ status: 3, signal: undefined });
  expect(existsSync(join(folder, 'hup'))).toBe(true);
});

test('the program leads its session on its own terminal, with the name, place and limits asked for', async () => {
  const probe = open('', {
    file: '/bin/bash',
    args: [
      '-c',
      'echo "$0 $PWD $(tty) $(ulimit -Sn) $SHLVL $_EVER"; ps -o tty=,stat= -p $$; env | grep -c EVERTERM_FD',
    ],
    argv0: '-odd name',
    cwd: folder,
    openFiles: 321,
  });
  probe.pty.resume();
  await probe.ended;
  const [first, second, third] = probe.text.split('\r\n');
  expect(first).toBe(`-odd name ${folder} ${probe.pty.path} 321 1 `);
  expect(second).toMatch(new RegExp(`^${probe.pty.path.replace('/dev/', '')} +Ss\\+`, 'u'));
  expect(third).toBe('0');
});

test('the terminal begins as ssh would set it', async () => {
  const probe = open('stty -a');
  probe.pty.resume();
  await probe.ended;
  for (const mode of ['iutf8', 'icrnl', 'ixon', '-ixany', 'opost', 'onlcr', 'echoctl', 'icanon']) {
    expect(probe.text.split(/\s+/u)).toContain(mode);
  }
});

test('what cannot be started says so and ends with 127', async () => {
  const probe = open('', { file: '/nowhere/program' });
  probe.pty.resume();
  await probe.ended;
  expect(probe.text).toContain('/nowhere/program');
  expect(probe.exit).toEqual({ status: 127, signal: undefined });
});

test('without bash, sh starts the program', async () => {
  const script = join(folder, 'shell');
  writeFileSync(script, '#!/bin/sh\necho "$@"; stty size\n', { mode: 0o755 });
  const probe = open('', { file: script, args: ['more'], argv0: '-shell', bash: '' });
  probe.pty.resume();
  await probe.ended;
  expect(probe.text).toBe('-l more\r\n24 80\r\n');
});

test('an unknown signal, or one after the exit, reaches nobody', async () => {
  const probe = open('exec sleep 1000');
  expect(probe.pty.signal('NONSENSE')).toBe(false);
  expect(probe.pty.signal('SIGKILL')).toBe(true);
  probe.pty.resume();
  await probe.ended;
  expect(probe.exit).toEqual({ status: undefined, signal: 'KILL' });
  expect(probe.pty.signal('KILL')).toBe(false);
});

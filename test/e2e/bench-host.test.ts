import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ET, EtHost } from '../support/et-host.ts';
import { describeNeeding } from '../support/requirements.ts';

interface Latency {
  readonly min: number;
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

interface Report {
  readonly host: string;
  readonly link: string;
  readonly rttMs: number;
  readonly idle: { readonly latencyMs: Latency };
  readonly down: { readonly bytesPerSecond: number; readonly latencyMs: Latency };
  readonly up: { readonly bytesPerSecond: number; readonly latencyMs: Latency };
  readonly both: {
    readonly downBytesPerSecond: number;
    readonly upBytesPerSecond: number;
    readonly latencyMs: Latency;
  };
  readonly linkAtEnd: string;
  readonly outageMs: number;
}

function expectSane(report: Report): void {
  const { idle, down, up, both } = report;
  for (const { latencyMs } of [idle, down, up, both]) {
    const { min, median, p95, max } = latencyMs;
    const values = [0, min, median, p95, max];
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(min).toBeGreaterThan(0);
  }
  expect(report.rttMs).toBeGreaterThan(0);
  for (const rate of [
    down.bytesPerSecond,
    up.bytesPerSecond,
    both.downBytesPerSecond,
    both.upBytesPerSecond,
  ]) {
    expect(rate).toBeGreaterThan(0);
  }
}

describeNeeding(['sshd', 'linux'], 'et bench', () => {
  let host: EtHost;

  beforeAll(async () => {
    host = await EtHost.start();
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') host.clear();
  });

  afterAll(async () => {
    await host.stop();
  });

  async function bench(args: readonly string[]): Promise<Report> {
    const { stdout, stderr, status } = await host.elsewhere([
      'bench',
      '--seconds',
      '1',
      '--json',
      ...args,
    ]);
    expect([stderr, status]).toEqual(['', 0]);
    return JSON.parse(stdout.toString()) as Report;
  }

  test('waits for the best road, measures all of it, and says so in JSON', async () => {
    const report = await bench([...host.to, 'testhost']);
    expect(report).toMatchObject({ host: 'testhost', outageMs: 0 });
    expect(report.link).toMatch(/^udp .+:\d+$/u);
    expect(report.linkAtEnd).toBe(report.link);
    expectSane(report);
    await host.quiet();
  });

  test('measures ssh where the link must go through it', async () => {
    const report = await bench([...host.to, '--via', 'ssh', 'testhost']);
    expect(report.link).toMatch(/^ssh-stdio /u);
    expectSane(report);
    await host.quiet();
  });

  test('measures this machine', async () => {
    const report = await bench(['--local']);
    expect(report).toMatchObject({ host: 'local' });
    expect(report.link).toMatch(/^unix /u);
    expectSane(report);
    await host.quiet();
  });

  test('prints a table for people, with a line for each part', async () => {
    const result = await host.elsewhere(['bench', ...host.to, 'testhost', '--seconds', '1']);
    expect([result.stderr, result.status]).toEqual(['', 0]);
    const lines = result.stdout.toString().split('\n');
    expect(lines[0]).toMatch(/^testhost over (?:udp|tcp) /u);
    const rows = lines.slice(4, 8).map((line) => line.split(/\s{2,}/u));
    expect(rows.map(([name]) => name)).toEqual(['idle', 'download', 'upload', 'both ways']);
    const isNumber = rows.map((cells) => cells.slice(1).map((cell) => /^[\d.]+$/u.test(cell)));
    expect(isNumber).toEqual([
      [false, false, true, true, true, true],
      [true, false, true, true, true, true],
      [false, true, true, true, true, true],
      [true, true, true, true, true, true],
    ]);
    await host.quiet();
  });

  test('^C ends it with 130, and leaves nothing', async () => {
    const words = [ET, 'bench', ...host.to, 'testhost', '--seconds', '600'];
    const child = spawn(process.execPath, words, { cwd: host.home, env: host.environment });
    child.stderr.resume();
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([130, null]);
    await host.quiet();
  });
});

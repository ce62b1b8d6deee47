import { expect, test } from 'vitest';
import {
  type BenchReport,
  benchFooting,
  benchHeading,
  benchJson,
  benchRow,
} from '../../src/etclient/bench-report.ts';

const LATENCY = { min: 0.045_67, median: 1.0006, p95: 22.35, max: 1234.5678 };
const TCP = { label: 'tcp 192.0.2.7:60000', rttMs: 12.345_678 };
const REPORT: BenchReport = {
  host: 'me@example.org',
  begin: TCP,
  phases: {
    idle: { latencyMs: LATENCY, bytesPerSecond: {} },
    down: { latencyMs: LATENCY, bytesPerSecond: { down: 1_234_567.8 } },
    up: { latencyMs: undefined, bytesPerSecond: { up: 999.4 } },
    both: { latencyMs: LATENCY, bytesPerSecond: { down: 112e6, up: 45.67e6 } },
  },
  end: { label: 'ssh example.org', rttMs: undefined },
  outageMs: 3210.5,
};

test('JSON has what was measured, in milliseconds and whole bytes per second', () => {
  const latencyMs = { min: 0.046, median: 1.001, p95: 22.35, max: 1234.568 };
  expect(benchJson(REPORT)).toEqual({
    host: 'me@example.org',
    link: 'tcp 192.0.2.7:60000',
    rttMs: 12.346,
    idle: { latencyMs },
    down: { bytesPerSecond: 1_234_568, latencyMs },
    up: { bytesPerSecond: 999, latencyMs: null },
    both: { downBytesPerSecond: 112_000_000, upBytesPerSecond: 45_670_000, latencyMs },
    linkAtEnd: 'ssh example.org',
    rttMsAtEnd: null,
    outageMs: 3210.5,
  });
});

test('JSON of nothing has every member too, null', () => {
  const nothing = { host: 'h', begin: undefined, phases: {}, end: undefined, outageMs: 0 };
  expect(JSON.stringify(benchJson(nothing)).match(/null/gu)).toHaveLength(12);
});

test('the table has one line for each phase, under its heading', () => {
  const { phases } = REPORT;
  const rows = (['idle', 'down', 'up', 'both'] as const).map((name) =>
    benchRow(name, phases[name] ?? { latencyMs: undefined, bytesPerSecond: {} }),
  );
  const lines = [...benchHeading('me@example.org', TCP), ...rows, ...benchFooting(REPORT)];
  expect(`\n${lines.join('\n')}\n`).toBe(`
me@example.org over tcp 192.0.2.7:60000

                down        up   latency
                MB/s      MB/s    min ms    median       p95       max
idle               -         -     0.046      1.00      22.4      1235
download        1.23         -     0.046      1.00      22.4      1235
upload             -     0.001         -         -         -         -
both ways        112      45.7     0.046      1.00      22.4      1235

round trip by the session's own measure: 12.3 ms idle, - ms in the end
in the end over ssh example.org
without a link for 3.2 s of the time
`);
});

test('a link that stayed, without an outage, is not spoken of again', () => {
  expect(benchFooting({ ...REPORT, end: TCP, outageMs: 0 })).toHaveLength(2);
});

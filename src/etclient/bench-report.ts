import type { PhaseResult } from './bench-phase.ts';
import type { LinkState, PhaseName } from './bench-service.ts';
import type { LatencySummary } from './latency-summary.ts';

/** All that `et bench` has measured. */
export interface BenchReport {
  /** As it was typed; `local` for `--local`. */
  readonly host: string;
  /** Once the idle path has been measured. */
  readonly begin: LinkState | undefined;
  readonly phases: Readonly<Partial<Record<PhaseName, PhaseResult>>>;
  readonly end: LinkState | undefined;
  readonly outageMs: number;
}

/** The report for programs; what was not measured is null. */
export function benchJson({ host, begin, phases, end, outageMs }: BenchReport): object {
  const { idle, down, up, both } = phases;
  return {
    host,
    link: begin?.label ?? null,
    rttMs: milliseconds(begin?.rttMs),
    idle: { latencyMs: latency(idle?.latencyMs) },
    down: {
      bytesPerSecond: rate(down?.bytesPerSecond.down),
      latencyMs: latency(down?.latencyMs),
    },
    up: { bytesPerSecond: rate(up?.bytesPerSecond.up), latencyMs: latency(up?.latencyMs) },
    both: {
      downBytesPerSecond: rate(both?.bytesPerSecond.down),
      upBytesPerSecond: rate(both?.bytesPerSecond.up),
      latencyMs: latency(both?.latencyMs),
    },
    linkAtEnd: end?.label ?? null,
    rttMsAtEnd: milliseconds(end?.rttMs),
    outageMs: milliseconds(outageMs),
  };
}

function latency(summary: LatencySummary | undefined): object | null {
  if (summary === undefined) return null;
  const { min, median, p95, max } = summary;
  return {
    min: milliseconds(min),
    median: milliseconds(median),
    p95: milliseconds(p95),
    max: milliseconds(max),
  };
}

function milliseconds(value: number | undefined): number | null {
  return value === undefined ? null : Number(value.toFixed(3));
}

function rate(bytesPerSecond: number | undefined): number | null {
  return bytesPerSecond === undefined ? null : Math.round(bytesPerSecond);
}

const ROW_NAMES: Readonly<Record<PhaseName, string>> = {
  idle: 'idle',
  down: 'download',
  up: 'upload',
  both: 'both ways',
};
const COLUMN_WIDTH = 10;

/** What is printed before anything is measured: which link, and the heading of the table. */
export function benchHeading(host: string, link: LinkState | undefined): string[] {
  return [
    `${host} over ${link?.label ?? 'no link'}`,
    '',
    row('', ['down', 'up', 'latency', '', '', '']),
    row('', ['MB/s', 'MB/s', 'min ms', 'median', 'p95', 'max']),
  ];
}

/** One line of the table. */
export function benchRow(name: PhaseName, { latencyMs, bytesPerSecond }: PhaseResult): string {
  const { min, median, p95, max } = latencyMs ?? {};
  const rates = [bytesPerSecond.down, bytesPerSecond.up].map((each) =>
    plain(each === undefined ? undefined : each / 1e6),
  );
  return row(ROW_NAMES[name], [...rates, ...[min, median, p95, max].map(plain)]);
}

/** What is printed below the table. */
export function benchFooting({ begin, end, outageMs }: BenchReport): string[] {
  const [idle, last] = [plain(begin?.rttMs), plain(end?.rttMs)];
  const lines = [
    '',
    `round trip by the session's own measure: ${idle} ms idle, ${last} ms in the end`,
  ];
  if (end?.label !== begin?.label) lines.push(`in the end over ${end?.label ?? 'no link'}`);
  if (outageMs > 0) lines.push(`without a link for ${(outageMs / 1000).toFixed(1)} s of the time`);
  return lines;
}

function row(name: string, cells: readonly string[]): string {
  const columns = cells.map((cell) => cell.padStart(COLUMN_WIDTH)).join('');
  return (name.padEnd(COLUMN_WIDTH) + columns).trimEnd();
}

/** Three digits that count, as far as that goes. */
function plain(value: number | undefined): string {
  if (value === undefined) return '-';
  if (value >= 99.95) return value.toFixed(0);
  if (value >= 9.995) return value.toFixed(1);
  return value.toFixed(value >= 0.9995 ? 2 : 3);
}

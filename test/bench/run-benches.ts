import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { requirement } from '../support/requirements.ts';
import type { Bench } from './bench.ts';
import type { BenchRow } from './bench-row.ts';
import type { BenchSettings } from './bench-settings.ts';
import { formatTable } from './format-table.ts';

/** Where the report goes, and what its rows compare with. */
export interface ReportOptions {
  /** Of the file in `.bench`. */
  readonly name: string;
  /** The heading of the second column. */
  readonly other: string;
}

/** Runs these, and leaves a table on standard output and `.bench/NAME.json`; resolves to the exit status. */
export async function runBenches(
  benches: readonly Bench[],
  settings: BenchSettings,
  { name, other }: ReportOptions = { name: 'latest', other: 'ssh' },
): Promise<number> {
  const loadBefore = loadavg()[0] ?? 0;
  const { rows, failed } = await runAll(benches, settings);
  const about = circumstances(loadBefore);
  process.stdout.write(formatTable(rows, other));
  process.stdout.write(`load ${loadBefore.toFixed(1)} before, ${loadavg()[0]?.toFixed(1)} after\n`);
  mkdirSync('.bench', { recursive: true });
  const report = { ...about, quick: settings.quick, rows };
  writeFileSync(join('.bench', `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  return failed === 0 ? 0 : 1;
}

/** Why a bench cannot run here; `undefined` when it can. */
function missingFor(bench: Bench): string | undefined {
  return (
    requirement('sshd').missing ?? bench.needs.flatMap((need) => requirement(need).missing ?? [])[0]
  );
}

async function runAll(
  benches: readonly Bench[],
  settings: BenchSettings,
): Promise<{ rows: BenchRow[]; failed: number }> {
  const rows: BenchRow[] = [];
  let failed = 0;
  for (const bench of benches) {
    const missing = missingFor(bench);
    if (missing !== undefined) {
      settings.say(`${bench.name} is left out, because ${missing}`);
      continue;
    }
    settings.say(`${bench.name} ...`);
    try {
      rows.push(...(await bench.run(settings)));
    } catch (error) {
      failed += 1;
      settings.say(`${bench.name} failed: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  return { rows, failed };
}

/** Where, when and under what load it was measured. */
function circumstances(loadBefore: number): Record<string, unknown> {
  return {
    date: new Date().toISOString(),
    node: process.version,
    cpus: cpus().map(({ model }) => model),
    loadBefore,
    loadAfter: loadavg()[0],
  };
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { requirement } from '../support/requirements.ts';
import { formatLossyTable } from './format-lossy-table.ts';
import type { LossyBench, LossySettings } from './lossy-bench.ts';
import { lossyBulkBench, TCP_ALONE } from './lossy-bulk-bench.ts';
import { lossyBusyBench } from './lossy-busy-bench.ts';
import { lossyFairnessBench } from './lossy-fairness-bench.ts';
import { lossyInterruptBench } from './lossy-interrupt-bench.ts';
import { LOSSY_KEY_BENCHES } from './lossy-keys-bench.ts';
import { lossyLoopbackBench } from './lossy-loopback-bench.ts';
import { LOSSY_NETWORKS } from './lossy-networks.ts';
import { lossyPages } from './lossy-page.ts';
import { type LossyPart, readReport, withPart, writeReport } from './lossy-report.ts';
import { lossyRoamBench } from './lossy-roam-bench.ts';
import { lossyStormBench } from './lossy-storm-bench.ts';
import { LOSSY_TOOLS, presentTools } from './lossy-tools.ts';
import { lossyWireBench } from './lossy-wire-bench.ts';
import { parseLossyArguments } from './parse-lossy-arguments.ts';

const BENCHES: readonly LossyBench[] = [
  ...LOSSY_KEY_BENCHES,
  { name: 'wire', run: lossyWireBench },
  { name: 'roam', run: lossyRoamBench },
  { name: 'storm', run: lossyStormBench },
  { name: 'interrupt', run: lossyInterruptBench },
  { name: 'busy', run: lossyBusyBench },
  { name: 'bulk', run: lossyBulkBench },
  { name: 'fairness', run: lossyFairnessBench },
  { name: 'loopback', run: lossyLoopbackBench },
];
const NAMES = BENCHES.map(({ name }) => name);
const COLUMNS = [...LOSSY_TOOLS.map(({ name }) => name), TCP_ALONE];
const REPORT = join('.bench', 'lossy.json');
const USAGE = `usage: npm run bench -- lossy [--only ${NAMES.join(',')}] [--quick] [--keys COUNT] [--runs COUNT] [--write-docs]
  --only NAMES   run these, separated by commas
  --quick        few keys and small sizes, to see that it works
  --keys COUNT   keys of each program in each network, up to 1700 (default: 300, or 60)
  --runs COUNT   repetitions, in place of each part's own
  --write-docs   measure nothing, unless --only is there; then write docs/bad-network.md and its plots from ${REPORT}
`;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function measure(bench: LossyBench, settings: LossySettings): Promise<LossyPart> {
  const loadBefore = loadavg()[0] ?? 0;
  const { rows, curves } = await bench.run(settings);
  return {
    name: bench.name,
    date: new Date().toISOString(),
    node: process.version,
    cpus: cpus().map(({ model }) => model),
    loadBefore,
    loadAfter: loadavg()[0] ?? 0,
    isQuick: settings.quick,
    rows,
    curves,
  };
}

/** `npm run bench -- lossy`: programs across bad networks. Each part is kept as soon as it is there; resolves to the exit status. */
export async function lossyMain(args: readonly string[]): Promise<number> {
  const asked = parseLossyArguments(args, NAMES);
  if (asked === undefined) {
    say(USAGE);
    return 0;
  }
  const missing = requirement('netlab').missing ?? requirement('sshd').missing;
  if (missing !== undefined && asked.only.length > 0) throw new Error(missing);
  const { keys, quick, runs } = asked;
  const tools = presentTools();
  const settings = { keys, quick, runs, tools, profileDirectory: undefined, say };
  for (const { name } of LOSSY_TOOLS.filter((tool) => !tools.includes(tool)))
    say(`${name} is left out, because it is missing (apt-get install ${name})`);
  let failed = 0;
  for (const bench of BENCHES.filter(({ name }) => asked.only.includes(name))) {
    say(`${bench.name} ...`);
    try {
      const part = await measure(bench, settings);
      writeReport(REPORT, withPart(readReport(REPORT), part, NAMES));
      process.stdout.write(`${formatLossyTable(part.rows, COLUMNS)}\n`);
    } catch (error) {
      failed += 1;
      say(`${bench.name} failed: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  if (asked.isForDocs) writeDocs(readReport(REPORT));
  return failed === 0 ? 0 : 1;
}

function writeDocs(parts: readonly LossyPart[]): void {
  if (parts.length === 0) throw new Error(`${REPORT} holds nothing`);
  for (const [path, text] of lossyPages(parts, { columns: COLUMNS, networks: LOSSY_NETWORKS })) {
    const file = join('docs', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { requirement } from '../support/requirements.ts';
import { formatLossyTable } from './format-lossy-table.ts';
import type { LossyBench, LossySettings } from './lossy-bench.ts';
import { lossyBulkBench, TCP_ALONE } from './lossy-bulk-bench.ts';
import { lossyBusyBench } from './lossy-busy-bench.ts';
import { lossyRoamBench, lossyStormBench } from './lossy-cut-bench.ts';
import { lossyFairnessBench } from './lossy-fairness-bench.ts';
import { lossyInterruptBench } from './lossy-interrupt-bench.ts';
import { LOSSY_KEY_BENCHES } from './lossy-keys-bench.ts';
import { lossyLoopbackBench } from './lossy-loopback-bench.ts';
import { LOSSY_NETWORKS } from './lossy-networks.ts';
import { lossyPages } from './lossy-page.ts';
import { type LossyPart, readReport, withPart, writeReport } from './lossy-report.ts';
import { LOSSY_TOOLS, presentTools } from './lossy-tools.ts';
import { lossyWireBench } from './lossy-wire-bench.ts';

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

interface LossyArguments {
  readonly only: readonly string[];
  readonly quick: boolean;
  readonly keys: number;
  readonly runs: number | undefined;
  readonly isForDocs: boolean;
}

/** Throws with a line for people; `undefined` where help was asked for. */
function parseLossyArguments(args: readonly string[]): LossyArguments | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      keys: { type: 'string' },
      runs: { type: 'string' },
      'write-docs': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const isForDocs = values['write-docs'];
  const only = values.only?.split(',') ?? (isForDocs ? [] : NAMES);
  const unknown = only.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new Error(`there is no "${unknown}"\n${USAGE}`);
  const { quick } = values;
  const keys = countOf('--keys', values.keys, 1700) ?? (quick ? 60 : 300);
  return { only, quick, keys, runs: countOf('--runs', values.runs, 1000), isForDocs };
}

function countOf(flag: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0 && count <= most) return count;
  throw new Error(`${flag} takes a count up to ${most}, not ${text}`);
}

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
  const asked = parseLossyArguments(args);
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
  let parts = readReport(REPORT);
  let failed = 0;
  for (const bench of BENCHES.filter(({ name }) => asked.only.includes(name))) {
    say(`${bench.name} ...`);
    try {
      const part = await measure(bench, settings);
      parts = withPart(parts, part, NAMES);
      writeReport(REPORT, parts);
      process.stdout.write(`${formatLossyTable(part.rows, COLUMNS)}\n`);
    } catch (error) {
      failed += 1;
      say(`${bench.name} failed: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  if (asked.isForDocs) writeDocs(parts);
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

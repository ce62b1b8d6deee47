import { formatLossyTable } from './format-lossy-table.ts';
import { latencyPlot, type PlottedCurve } from './latency-plot.ts';
import type { LossyNetwork } from './lossy-networks.ts';
import type { LossyPart } from './lossy-report.ts';
import { UDP_SHARE } from './lossy-wire-bench.ts';

/** Files of docs, by their path in it. */
export type LossyPages = ReadonlyMap<string, string>;

export interface LossyPageOptions {
  /** Columns of the table, in their order. */
  readonly columns: readonly string[];
  readonly networks: readonly LossyNetwork[];
}

/** The page of the bad network, and a plot for each network in which keys were typed. */
export function lossyPages(parts: readonly LossyPart[], options: LossyPageOptions): LossyPages {
  const pages = new Map<string, string>();
  const images: string[] = [];
  for (const { id, name } of options.networks) {
    const curves = curvesIn(parts, id);
    if (curves.length === 0) continue;
    pages.set(`plots/${id}.svg`, latencyPlot(name, curves));
    images.push(`![How long keys took: ${name}](plots/${id}.svg)\n`);
  }
  const table = formatLossyTable(
    parts.flatMap(({ rows }) => rows),
    options.columns,
  );
  const page = [HEAD, table, circumstances(parts), ...images, METHOD].join('\n');
  return pages.set('bad-network.md', page);
}

function curvesIn(parts: readonly LossyPart[], network: string): PlottedCurve[] {
  return parts
    .flatMap(({ curves }) => curves)
    .filter((curve) => curve.network === network)
    .map(({ tool, latenciesMs }) => ({ name: tool, latenciesMs }));
}

function circumstances(parts: readonly LossyPart[]): string {
  const dates = parts.map(({ date }) => date.slice(0, 10)).sort();
  const days = [...new Set([dates[0], dates.at(-1)])].join(' to ');
  const loads = parts.flatMap(({ loadBefore, loadAfter }) => [loadBefore, loadAfter]);
  const [least, most] = [Math.min(...loads).toFixed(1), Math.max(...loads).toFixed(1)];
  const quick = parts.some(({ isQuick }) => isQuick)
    ? ' Small sizes (`--quick`): it shows that the bench works, and little else.'
    : '';
  const rows = parts.flatMap((part) => part.rows);
  const udp = rows.find(({ measure }) => measure === UDP_SHARE)?.values['et'];
  const road =
    udp === 0 ? ' `et` as it comes went over TCP too: compare the first two columns.' : '';
  const [first] = parts;
  const machine = `Node ${first?.node.slice(1)}, ${first?.cpus.length} processors (${first?.cpus[0]?.trim()})`;
  return `Measured ${days}, ${machine}; the load was ${least} to ${most}.${road}${quick}\n`;
}

const HEAD = `# The bad network

The same session over networks that lose packets: \`et\` as it comes, \`et\` held to TCP, \`mosh --predict=never\` and \`ssh\`, each measured in the same run. A missed target is said; the column of targets is about the first. An empty cell is something that a program does not do, or that was not measured.
`;

const METHOD = `## How it is measured

Each program has a host of its own behind a link of its own (\`test/netlab\`), all with the same settings and the same seed of chance, and all programs type at the same time, a little apart. Where bulk is measured they take turns.

- **Keys.** Five letters a second, whether or not the host answers, to \`cat\` on a raw terminal. What a program prints is drawn on a screen, and a key has been echoed when its letter stands in its cell: \`mosh\` sends pictures of the screen, and need not print each letter when it comes. It shows no guesses here (\`--predict=never\`), so that all four are asked the same. A session starts while nothing is lost, and keys that are typed then do not count.
- **Never echoed** are keys whose letter was not there when the wait after the last key was over. They count as the length of the whole run.
- **Sent for a key** are the bytes of all IP packets that went into the link during the run, lost ones too, for each key. Compare a network with the one that loses nothing: the rest is repetition.
- **Another address.** The client's address changes while keys are typed, and what was under way to the old one is lost. The first key after it is the first that is typed when the new address is there.
- **Bulk** is one connection through a forward of the session, both ends of it measured by what has arrived. \`tcp alone\` is the same connection without a session. Every TCP here uses cubic.
- **Fairness** is bulk in a session beside such a connection, on one link. Of ten seeds each says which of the two begins, and how long before the other; all are reported.

Do it again, as root on Linux, with Debian's \`mosh\`, \`openssh-server\` and what test/netlab needs:

    npm run bench -- lossy                     # all of it
    npm run bench -- lossy --quick             # shows that it works
    npm run bench -- lossy --only bursts,roam
    npm run bench -- lossy --write-docs        # this page and its plots, from what was measured last
`;

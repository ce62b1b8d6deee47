import type { LossyRow } from './lossy-row.ts';

/** The rows as a table of Markdown; the network stands at its first row. A column for each tool that has a value. */
export function formatLossyTable(rows: readonly LossyRow[], tools: readonly string[]): string {
  const columns = tools.filter((tool) => rows.some(({ values }) => values[tool] !== undefined));
  const heading = ['network', 'measure', ...columns, 'unit', 'target', ''];
  const body = rows.map((row, at) => [
    rows[at - 1]?.network === row.network ? '' : row.network,
    row.measure,
    ...columns.map((tool) => digits(row.values[tool])),
    row.unit,
    row.target ?? '',
    verdict(row.met),
  ]);
  return [heading, heading.map(() => '---'), ...body]
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('');
}

function verdict(met: boolean | null): string {
  if (met === null) return '';
  return met ? 'met' : 'MISSED';
}

/** Three digits, or all before the point. */
function digits(value: number | undefined): string {
  if (value === undefined) return '';
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

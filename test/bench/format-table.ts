import type { BenchRow } from './bench-row.ts';

/** The rows as a table of Markdown, which is readable as it stands. `other`: what stands in the column of ssh. */
export function formatTable(rows: readonly BenchRow[], other = 'ssh'): string {
  const headings = ['', 'et', other, 'unit', `et / ${other}`, 'target', ''];
  const cells = rows.map((row) => [
    row.name,
    digits(row.et),
    digits(row.ssh),
    row.unit,
    digits(row.ratio),
    row.target ?? '',
    row.met === null ? '' : verdict(row.met),
  ]);
  const lines = [headings, headings.map(() => '-'), ...cells];
  const widths = headings.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines
    .map((line, number) => {
      const filler = number === 1 ? '-' : ' ';
      const padded = line.map((cell, at) => cell.padEnd(widths[at] ?? 0, filler));
      return `| ${padded.join(' | ')} |\n`;
    })
    .join('');
}

function verdict(met: boolean): string {
  return met ? 'met' : 'MISSED';
}

/** Three digits, or all before the point. */
function digits(value: number | null): string {
  if (value === null) return '';
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

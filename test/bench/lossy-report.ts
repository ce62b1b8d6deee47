import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { LossyFindings } from './lossy-bench.ts';

/** What one part of the bench has found, all tools in one run, and under what circumstances. */
export interface LossyPart extends LossyFindings {
  readonly name: string;
  /** ISO 8601 */
  readonly date: string;
  readonly node: string;
  readonly cpus: readonly string[];
  readonly loadBefore: number;
  readonly loadAfter: number;
  readonly isQuick: boolean;
}

/** What a file holds; `[]` where there is none. */
export function readReport(path: string): LossyPart[] {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as LossyPart[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** One object for each part, and one line for each row and curve. */
export function writeReport(path: string, parts: readonly LossyPart[]): void {
  mkdirSync(dirname(path), { recursive: true });
  const lines = (all: readonly object[]): string =>
    all.map((each) => `\n    ${JSON.stringify(each)}`).join(',');
  const texts = parts.map(({ rows, curves, ...about }) => {
    const head = JSON.stringify(about).slice(0, -1);
    return `${head},\n  "rows": [${lines(rows)}],\n  "curves": [${lines(curves)}]}`;
  });
  writeFileSync(path, `[\n${texts.join(',\n')}\n]\n`);
}

/** The parts with `latest` in place of its namesake, in the order of `names`. */
export function withPart(
  parts: readonly LossyPart[],
  latest: LossyPart,
  names: readonly string[],
): LossyPart[] {
  const others = parts.filter(({ name }) => name !== latest.name);
  return [...others, latest].sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
}

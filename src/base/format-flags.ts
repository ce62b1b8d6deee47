import { type Example, type Flag, spellingsOf } from './flag.ts';

const WIDTH = 80;
const INDENT = 2;
/** Column of the explanations; a longer flag pushes its own to the next line. */
const TEXT_COLUMN = 26;

/** The flags by group, groups in the order of their first flag, each line at most 80 columns. */
export function formatFlags(flags: readonly Flag[]): string {
  const groups = [...new Set(flags.map(({ group }) => group))];
  return groups
    .map((group) => {
      const own = flags.filter((flag) => flag.group === group);
      return `${group}:\n${own.map((flag) => formatRow(synopsisOf(flag), flag.help)).join('')}`;
    })
    .join('\n');
}

export function formatExamples(examples: readonly Example[]): string {
  const rows = examples.map(
    ({ command, text }) => `${' '.repeat(INDENT)}${command}\n${wrap(text, 2 * INDENT)}`,
  );
  return `Examples:\n${rows.join('')}`;
}

/** A term with its explanation beside or below it. */
export function formatRow(term: string, text: string): string {
  const explanation = wrap(text, TEXT_COLUMN);
  const start = `${' '.repeat(INDENT)}${term}`;
  if (start.length > TEXT_COLUMN - 2) return `${start}\n${explanation}`;
  return start.padEnd(TEXT_COLUMN) + explanation.trimStart();
}

/** `-u, --username NAME`; a flag without a short form stands under the long ones. */
function synopsisOf(flag: Flag): string {
  const argument = flag.argument === undefined ? '' : ` ${flag.argument}`;
  const spellings = spellingsOf(flag).join(', ');
  return `${flag.short === undefined ? '    ' : ''}${spellings}${argument}`;
}

function wrap(text: string, column: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && column + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => `${' '.repeat(column)}${each}\n`).join('');
}

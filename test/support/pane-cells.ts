const SGR = /\p{Cc}\[([\d;:]*)m/gu;

/**
 * The lines of `capture-pane -e` in a form that two panes can be compared by: each run of text behind all of its attributes. tmux itself
 * says only what changes, from one line to the next as well, and whether a blank at the end was written or was always there; of those
 * the ones without a colour are left out.
 */
export function cellsOf(lines: readonly string[]): readonly string[] {
  const pen = new Map<string, string>();
  return lines.map((line) => {
    const runs: { style: string; text: string }[] = [];
    let from = 0;
    for (const found of line.matchAll(SGR)) {
      push(runs, pen, line.slice(from, found.index));
      from = found.index + found[0].length;
      change(pen, (found[1] ?? '').split(/[;:]/u).map(Number));
    }
    push(runs, pen, line.slice(from));
    const last = runs.at(-1);
    if (last?.style === '') last.text = last.text.trimEnd();
    return runs
      .filter(({ text }) => text !== '')
      .map(({ style, text }) => `<${style}>${text}`)
      .join('');
  });
}

function push(
  runs: { style: string; text: string }[],
  pen: ReadonlyMap<string, string>,
  text: string,
): void {
  if (text === '') return;
  // What no blank shows.
  const isBlank = /^ +$/u.test(text) && !['4', '7', '9'].some((each) => pen.has(each));
  const shown = [...pen].filter(([name]) => !isBlank || name === 'bg');
  const style = shown
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
    .toSorted()
    .join(' ');
  const last = runs.at(-1);
  if (last?.style === style) last.text += text;
  else runs.push({ style, text });
}

function change(pen: Map<string, string>, codes: readonly number[]): void {
  const rest = [...codes];
  for (let code = rest.shift(); code !== undefined; code = rest.shift()) {
    const ground = groundOf(code);
    if (code === 0) pen.clear();
    else if (ground === undefined) pen.set(String(code), '');
    else if (code === 39 || code === 49) pen.delete(ground);
    else pen.set(ground, [code, ...rest.splice(0, longerBy(code, rest[0]))].join(':'));
  }
}

function groundOf(code: number): 'fg' | 'bg' | undefined {
  if ((code >= 30 && code < 40) || (code >= 90 && code < 98)) return 'fg';
  return (code >= 40 && code < 50) || (code >= 100 && code < 108) ? 'bg' : undefined;
}

/** How many numbers a colour takes beside its first. */
function longerBy(code: number, kind: number | undefined): number {
  if (code !== 38 && code !== 48) return 0;
  return kind === 5 ? 2 : 4;
}

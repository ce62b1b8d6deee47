/**
 * Moves what a terminal in its default state shows into its scrollback, with `line` (perhaps empty) as the last of it, and leaves the
 * screen clear and the cursor in the first place. ED 2 alone throws it away on many terminals.
 */
export function scrollAway(rows: number, line: string): string {
  const bottom = `\x1b[r\x1b[${rows};1H`;
  const text = line === '' ? '' : `\r\n${line}`;
  return `${bottom}${text}${'\r\n'.repeat(rows)}\x1b[H\x1b[2J`;
}

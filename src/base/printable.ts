/**
 * One line of `text` for a terminal or a log, whoever has written it: what would move the cursor, colour the screen, turn the
 * direction of writing or break the line is `?`.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, '?');
}

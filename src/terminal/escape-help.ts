/** What `~?` prints, for a terminal in raw mode. */
export function escapeHelp(escapeChar: string): string {
  const lines = [
    'Supported escape sequences:',
    ` ${escapeChar}.   - end the session`,
    ` ${escapeChar}d   - detach: the session goes on, and et attach comes back`,
    ` ${escapeChar}^Z  - suspend et`,
    ` ${escapeChar}s   - show the state of the connection`,
    ` ${escapeChar}#   - list the forwards`,
    ` ${escapeChar}C   - add or cancel a forward`,
    ` ${escapeChar}?   - this message`,
    ` ${escapeChar}${escapeChar}   - send the escape character by typing it twice`,
    '(Note that escapes are only recognized immediately after newline.)',
  ];
  return `${lines.join('\r\n')}\r\n`;
}

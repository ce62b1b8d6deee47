/** A text as a string of TOML, on one line that a terminal shows as it is. */
export function formatTomlString(text: string): string {
  // JSON's escapes are TOML's too, but it leaves what TOML forbids or what moves a cursor.
  const quoted = JSON.stringify(text.replaceAll(/\p{Cs}/gu, '\u{fffd}'));
  return quoted.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
  });
}

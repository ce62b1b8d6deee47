/** How systemd 252 reads a unit's lines and a command line, to check what we write against. Throws where systemd would warn. */

const LETTERS: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  s: ' ',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

/** The settings of a unit by `Section.Key`; none may be there twice, or go on in the next line. */
export function settingsOf(text: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  let section = '';
  for (const raw of text.split(/[\n\r\0]/u)) {
    const line = raw.replaceAll(/^[ \t]+|[ \t]+$/gu, '');
    if (/^(?:[#;]|$)/u.test(line)) continue;
    if (line.endsWith('\\')) throw new Error(`goes on in the next line: ${line}`);
    if (/^\[\w+\]$/u.test(line)) {
      section = line.slice(1, -1);
      continue;
    }
    const at = line.indexOf('=');
    const key = `${section}.${line.slice(0, at)}`;
    if (at < 1 || settings.has(key)) throw new Error(`not a setting: ${JSON.stringify(line)}`);
    settings.set(key, line.slice(at + 1).trimStart());
  }
  return settings;
}

/** The words that are executed: unquoted, without specifiers, and then variables, of which none is set. */
export function executedWords(line: string): string[] {
  const words: string[] = [];
  for (let rest = skipBlanks(line); rest !== ''; rest = skipBlanks(rest)) {
    // As it stands in the line: in quotes it is a word like any other.
    if (/^\\?;(?:[ \t\n\r]|$)/u.test(rest)) throw new Error(`a lone semicolon: ${rest}`);
    const { word, length } = firstWord(rest);
    const specified = undouble(word, '%');
    // The path of the program is no place for variables.
    words.push(words.length === 0 ? specified : undouble(specified, '$'));
    rest = rest.slice(length);
  }
  return words;
}

function skipBlanks(text: string): string {
  return text.replace(/^[ \t\n\r]+/u, '');
}

function firstWord(text: string): { word: string; length: number } {
  let word = '';
  let quote = '';
  for (const { 0: piece, index } of text.matchAll(/\\x[\s\S]{0,2}|\\[\s\S]?|[^\\]/gu)) {
    if (quote === '' && /^[ \t\n\r]$/u.test(piece)) return { word, length: index };
    if (piece.startsWith('\\')) word += unescaped(piece);
    else if (piece === quote) quote = '';
    else if (quote === '' && /^["']$/u.test(piece)) quote = piece;
    else word += piece;
  }
  if (quote !== '') throw new Error(`unbalanced ${quote}: ${text}`);
  return { word, length: text.length };
}

function unescaped(piece: string): string {
  const letter = LETTERS[piece.slice(1)];
  if (letter !== undefined) return letter;
  const hex = /^\\x([0-9a-fA-F]{2})$/u.exec(piece)?.[1];
  const code = Number.parseInt(hex ?? '', 16);
  // Zero is refused, and what is above 7f is a byte, half a character.
  if (!(code > 0 && code < 0x80)) throw new Error(`not an escape: ${piece}`);
  return String.fromCharCode(code);
}

/** A mark that is not doubled begins a specifier, or a variable. */
function undouble(word: string, mark: '%' | '$'): string {
  const parts = word.split(mark + mark);
  if (parts.some((part) => part.includes(mark))) throw new Error(`a single ${mark}: ${word}`);
  return parts.join(mark);
}

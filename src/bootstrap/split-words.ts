import { EtError } from '../base/errors.ts';

/**
 * The words of a command as a POSIX shell would split it: quotes and backslashes, but no variables, globs or comments.
 *
 * @throws {EtError} ET_ERR_USAGE for a quote that does not end, or a lone backslash at the end.
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  // One token each: blank | 'single' | "double" | \escaped | plain run | whatever is left over, which is an error.
  const token =
    /([ \t\n]+)|'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^ \t\n'"\\]+)|([\s\S])/gu;
  for (const [, blank, single, double, escaped, plain, broken] of text.matchAll(token)) {
    if (blank !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    if (broken !== undefined) throw unbalanced(text, broken);
    // A backslash and the end of its line are nothing, in double quotes and outside.
    const piece =
      single ?? unescapeDouble(double) ?? (escaped === '\n' ? '' : (escaped ?? plain ?? ''));
    word = (word ?? '') + piece;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** In double quotes a backslash is itself, except before the characters that it takes the meaning from. */
function unescapeDouble(double: string | undefined): string | undefined {
  return double?.replace(/\\([$`"\\\n])/gu, (_, character: string) =>
    character === '\n' ? '' : character,
  );
}

function unbalanced(text: string, mark: string): EtError {
  return new EtError('ET_ERR_USAGE', `${JSON.stringify(text)} has a ${mark} without its end`, {
    advice: 'quote it as for a shell',
  });
}

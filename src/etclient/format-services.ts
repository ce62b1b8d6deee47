import { formatTable } from './format-table.ts';

/** One line of `et service ls`. */
export interface ServiceReport {
  readonly name: string;
  /** In the words of the manager that runs it; `unknown` where it cannot be asked. */
  readonly state: string;
  /** All words of the command, from the program on; none where the file has none. */
  readonly command: readonly string[];
  readonly file: string;
}

/** What `et service ls` prints. */
export function formatServices(services: readonly ServiceReport[]): string {
  const rows = services.map(({ name, state, command }) => [name, state, commandLine(command)]);
  return `${formatTable([['name', 'state', 'command'], ...rows]).join('\n')}\n`;
}

/** As one would type it: `et` in place of Node and its path. */
function commandLine(command: readonly string[]): string {
  const [, script = '', ...args] = command;
  const words = script.endsWith('/et.js') ? ['et', ...args] : command;
  return words.map(shellWord).join(' ');
}

/** A file that was changed by hand may have anything, and this goes to a terminal. */
function shellWord(word: string): string {
  if (/^[\w%@:=,.+/-]+$/u.test(word)) return word;
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(word))
    return JSON.stringify(word).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
  return `'${word.replaceAll("'", "'\\''")}'`;
}

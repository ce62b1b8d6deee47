import { EtError } from '../base/errors.ts';

/** What is to run for months. */
export interface Service {
  readonly name: string;
  /** The program, by its absolute path, and its arguments. */
  readonly words: readonly string[];
}

/** What needs no quotes in a command line of systemd, once `%` and `$` are doubled. */
const PLAIN = /^[\w%$@:=,.+~/-]+$/u;
/** Quotes and backslashes, which systemd allows in no path of a program, and control characters. */
const NOT_IN_PROGRAM = /["'\\\p{Cc}]/u;

/**
 * The unit of a service for systemd's user manager. It has no dependency on the network, of which a user manager knows nothing: `et`
 * fails until there is one, and is started again.
 *
 * @throws {EtError} ET_ERR_STATE for a program that systemd could not run
 */
export function formatUnit({ name, words: [program = '', ...args] }: Service): string {
  const lines = [
    '# Written by et service install; et service rm takes it away.',
    '[Unit]',
    `Description=Everterm forwards: ${name}`,
    // A host may be away for weeks: it is never tried for the last time.
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    `ExecStart=${[formatProgram(program), ...args.map(formatWord)].join(' ')}`,
    `SyslogIdentifier=everterm-${name}`,
    'Restart=always',
    // A host that refuses the login would block who asks more often.
    'RestartSec=30',
    // Called wrongly, which no repetition mends.
    'RestartPreventExitStatus=2',
    // What et ends with when systemd stops it.
    'SuccessExitStatus=143',
    // Only et is told to end: it still says so to the host, maybe through its ssh.
    'KillMode=mixed',
    '',
    '[Install]',
    'WantedBy=default.target',
  ];
  return `${lines.join('\n')}\n`;
}

/** The words that a unit of ours runs; `undefined` where it runs nothing. What was put there by hand may be read differently. */
export function unitWords(text: string): readonly string[] | undefined {
  const line = /(?:^|\n)ExecStart=([^\n]*)/u.exec(text)?.[1];
  if (line === undefined) return undefined;
  return [...line.matchAll(/"((?:[^"\\]|\\[\s\S])*)"|(\S+)/gu)].map(([, inner, plain = ''], at) => {
    const word = inner?.replaceAll(/\\(?:x([0-9a-f]{2})|([\s\S]))/gu, unescapeCharacter) ?? plain;
    // In the path of the program a $ is itself.
    return word.replaceAll(at === 0 ? /(%)%/gu : /([%$])\1/gu, '$1');
  });
}

function formatProgram(path: string): string {
  if (!path.startsWith('/') || NOT_IN_PROGRAM.test(path)) {
    throw new EtError('ET_ERR_STATE', `systemd cannot run ${JSON.stringify(path)}`, {
      advice: 'install Node where the path has no quotes and no backslash',
    });
  }
  return quoted(path.replaceAll('%', '%%'));
}

/** `%` begins a specifier and `$` a variable, in quotes too; both are themselves when doubled. */
function formatWord(word: string): string {
  return quoted(word.replaceAll(/[%$]/gu, '$&$&'));
}

/** In double quotes only these two characters are special; control characters may end the line. */
function quoted(word: string): string {
  if (PLAIN.test(word)) return word;
  return `"${word.replaceAll(/["\\]|\p{Cc}/gu, escapeCharacter)}"`;
}

/** `\x80` would be a byte and no character, and the characters above 7f end no line. */
function escapeCharacter(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  const code = character.charCodeAt(0);
  if (code > 0x7f) return character;
  return `\\x${code.toString(16).padStart(2, '0')}`;
}

function unescapeCharacter(
  _: string,
  hex: string | undefined,
  character: string | undefined,
): string {
  return hex === undefined ? (character ?? '') : String.fromCharCode(Number.parseInt(hex, 16));
}

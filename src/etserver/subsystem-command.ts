import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** Where this host keeps what says which program a subsystem is. */
export interface SubsystemPlaces {
  readonly sshdConfig: string;
  /** Where the program of subsystem sftp may be, if sshd_config does not say it. */
  readonly sftpServers: readonly string[];
}

const SYSTEM_PLACES: SubsystemPlaces = {
  sshdConfig: '/etc/ssh/sshd_config',
  sftpServers: [
    '/usr/lib/openssh/sftp-server',
    '/usr/libexec/openssh/sftp-server',
    '/usr/lib/ssh/sftp-server',
    '/usr/libexec/sftp-server',
    '/usr/lib/sftp-server',
    '/usr/lib/misc/sftp-server',
  ],
};

/** What sshd calls the sftp-server that it has inside; it takes the flags of the program. */
const INTERNAL = 'internal-sftp';
/** How deep files include each other; sshd's own bound. */
const MAX_DEPTH = 16;

/**
 * The command line that sshd gives to the login shell for a subsystem (sshd_config(5), Subsystem); `undefined` where there is
 * none. What a Match block says is not read: only sshd can tell whom it is about.
 */
export function subsystemCommand(
  name: string,
  places: SubsystemPlaces = SYSTEM_PLACES,
): string | undefined {
  const configured = configuredSubsystem(name, places.sshdConfig);
  const [program, ...flags] = configured ?? (name === 'sftp' ? [INTERNAL] : []);
  if (program === undefined) return undefined;
  if (program !== INTERNAL) return [program, ...flags].join(' ');
  const server = places.sftpServers.find(isExecutable);
  return server === undefined ? undefined : [server, ...flags].join(' ');
}

/** What a client is told then. */
export function noSubsystem(name: string): string {
  return `the host has no subsystem ${JSON.stringify(name)}`;
}

/** The words of the program; sshd takes the first line of each name. */
function configuredSubsystem(name: string, path: string): readonly string[] | undefined {
  for (const { keyword, words } of globalLines(path, dirname(path), 0)) {
    const [subsystem = '', ...program] = words;
    if (keyword === 'subsystem' && unquoted(subsystem) === name) return program;
  }
  return undefined;
}

interface Line {
  /** In lower case. */
  readonly keyword: string;
  /** Quotes and all. */
  readonly words: readonly string[];
}

/** The lines that hold for everybody, of a file and of those that it includes. */
function* globalLines(path: string, home: string, depth: number): Generator<Line> {
  let isForAll = true;
  for (const text of readLines(path)) {
    const line = parseLine(text);
    if (line === undefined) continue;
    const { keyword, words } = line;
    // A block ends with its file: it does not reach into the one that includes it.
    if (keyword === 'match') isForAll = words.length === 1 && words[0]?.toLowerCase() === 'all';
    else if (!isForAll) continue;
    else if (keyword !== 'include') yield line;
    else if (depth < MAX_DEPTH) {
      for (const included of words.flatMap((word) => filesOf(resolve(home, unquoted(word)))))
        yield* globalLines(included, home, depth + 1);
    }
  }
}

function parseLine(text: string): Line | undefined {
  const [, keyword = '', rest = ''] = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*)$/u.exec(text) ?? [];
  if (keyword === '') return undefined;
  const words = rest.match(/"[^"]*"|\S+/gu) ?? [];
  const comment = words.findIndex((word) => word.startsWith('#'));
  return {
    keyword: keyword.toLowerCase(),
    words: comment < 0 ? words : words.slice(0, comment),
  };
}

function unquoted(word: string): string {
  return word.replace(/^"(.*)"$/u, '$1');
}

/** The files of a pattern, sorted, as glob(7) has them; wildcards are looked for in the name alone, not in its directories. */
function filesOf(pattern: string): string[] {
  const directory = dirname(pattern);
  const escaped = basename(pattern).replaceAll(/[.+^${}()|[\]\\]/gu, '\\$&');
  const name = new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'u');
  try {
    return readdirSync(directory)
      .filter((file) => name.test(file) && (!file.startsWith('.') || escaped.startsWith('\\.')))
      .sort()
      .map((file) => join(directory, file));
  } catch {
    return [];
  }
}

/** Nothing of a file that is not there, or not for this user to read. */
function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

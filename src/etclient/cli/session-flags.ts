import type { LogLevel } from '../../base/logger.ts';
import { usageError } from '../../base/usage-error.ts';
import type { SessionFlags, TerminalWish, Work } from './client-command.ts';
import { parseEscapeChar, parseGrace, parseKeepalive, parseName } from './flag-values.ts';
import { forwardFlags, isHalfOfTty, stdioTarget } from './forward-flags.ts';
import { type GivenFlags, spelled } from './given-flags.ts';
import { leavingFlags } from './leaving-flags.ts';
import type { ClientFlagKey } from './option-table.ts';

/** The name of a cipher, which is what -c chooses in ssh. */
const CIPHER = /^(?:aes(?:128|192|256)|chacha20|3des|arcfour|blowfish|cast128)[\w.@,-]*$/u;

/** The flags of any session; `words` are the command, and `isVerbatim` when what begins with a dash is no flag among them. */
export function sessionFlags(
  given: GivenFlags,
  words: readonly string[],
  isVerbatim: boolean,
): SessionFlags {
  const command = isVerbatim ? words.join(' ') : commandAfterHost(words);
  const work = idleWork(given, command) ?? runWork(given, command, firstOf(words));
  const terminal = terminalWish(given);
  if (work.kind === 'terminal-command' && terminal === 'forbidden') {
    throw usageError('-c runs its command on a terminal, which -T forbids: leave one of them out');
  }
  const typed = given.last('escape-char');
  return {
    work,
    forwards: forwardFlags(given),
    terminal,
    noStdin: given.has('no-stdin'),
    escape: typed === undefined ? undefined : parseEscapeChar(typed.value),
    graceSeconds: given.value('grace', parseGrace) ?? null,
    keepaliveSeconds: given.value('keepalive', parseKeepalive),
    logLevel: Math.min(given.count('verbose'), 3) as LogLevel,
    logFile: given.value('log', (text) => parseName('--log', text)),
    quiet: given.has('quiet'),
    ...leavingFlags(given, work, terminal),
  };
}

/** Flags that say what to run. */
const RUNNING: readonly ClientFlagKey[] = ['command', 'noexit', 'subsystem', 'tty'];

/** What there is to do where nothing is run: -W or -N. */
function idleWork(given: GivenFlags, command: string): Work | undefined {
  const target = stdioTarget(given);
  const flag = target !== undefined ? '-W' : given.has('no-terminal') ? '-N' : undefined;
  if (flag === undefined) return undefined;
  const other = RUNNING.find((key) => given.has(key));
  if (other !== undefined) {
    throw usageError(`${flag} runs nothing on the host: leave out ${flag} or ${spelled(other)}`);
  }
  if (given.has('forward-agent')) {
    throw usageError(
      `-f forwards the agent, as in Eternal Terminal, and ${flag} has no program to use it; ssh's -f, into the background, is et service install, or & behind it`,
    );
  }
  if (command !== '') {
    throw usageError(
      `${flag} runs nothing on the host: leave out ${flag}, or the command after the host`,
    );
  }
  return target === undefined ? { kind: 'none' } : { kind: 'stdio', target };
}

function runWork(given: GivenFlags, command: string, first: string): Work {
  return given.has('subsystem') ? subsystemWork(given, command) : workOf(given, command, first);
}

function subsystemWork(given: GivenFlags, command: string): Work {
  const other = (['command', 'noexit'] as const).find((key) => given.has(key));
  if (other !== undefined) {
    throw usageError(`-s runs a subsystem, and nothing else: leave out -s or ${spelled(other)}`);
  }
  if (command === '') {
    throw usageError('-s needs the name of a subsystem after the host, as in et -s host sftp');
  }
  return { kind: 'subsystem', command };
}

/** `first` is the first word of `command`. */
function workOf(given: GivenFlags, command: string, first: string): Work {
  const typed = given.last('command');
  if (typed === undefined) {
    if (given.has('noexit')) {
      throw usageError(
        "-e/--noexit goes with -c CMD, as in Eternal Terminal; ssh's -e, the escape character, is --escape-char CHAR",
      );
    }
    return command === '' ? { kind: 'shell' } : { kind: 'command', command };
  }
  if (CIPHER.test(typed.value)) {
    throw usageError(
      `-c runs a command, as in Eternal Terminal; ssh's -c, the cipher, is -o Ciphers=${typed.value}`,
    );
  }
  if (typed.value.trim() === '') throw usageError('-c needs a command, as in -c "tmux attach"');
  if (command !== '') {
    throw usageError(`-c and a command after the host (${first}): leave one of them out`);
  }
  return { kind: 'terminal-command', command: typed.value, stay: given.has('noexit') };
}

/** The words joined by blanks, as in ssh. */
function commandAfterHost(words: readonly string[]): string {
  const first = firstOf(words);
  if (first === '--') return words.slice(1).join(' ');
  if (first.startsWith('-')) {
    throw usageError(
      `${first} stands where the command begins: write flags before the host, or -- before the command`,
    );
  }
  return words.join(' ');
}

function firstOf(words: readonly string[]): string {
  return words[0] ?? '';
}

/** `-tt` is `--tty`; once, as in ssh, it has swallowed what follows, and is told apart when that is read as a tunnel. */
function terminalWish(given: GivenFlags): TerminalWish {
  const typed = given.among(['tty', 'tunnel', 'no-tty']);
  const last = typed.findLast((each) => each.key !== 'tunnel' || isHalfOfTty(each));
  if (last === undefined) return 'default';
  return last.key === 'no-tty' ? 'forbidden' : 'forced';
}

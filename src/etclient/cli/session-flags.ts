import type { LogLevel } from '../../base/logger.ts';
import { usageError } from '../../base/usage-error.ts';
import type { SessionFlags, TerminalWish, Work } from './client-command.ts';
import { parseEscapeChar, parseGrace, parseKeepalive, parseName } from './flag-values.ts';
import type { GivenFlags } from './given-flags.ts';

/** The name of a cipher, which is what -c chooses in ssh. */
const CIPHER = /^(?:aes(?:128|192|256)|chacha20|3des|arcfour|blowfish|cast128)[\w.@,-]*$/u;

/** The flags of any session; `words` are the command. */
export function sessionFlags(given: GivenFlags, words: readonly string[]): SessionFlags {
  const work = workOf(given, words);
  const terminal = terminalWish(given);
  if (work.kind === 'terminal-command' && terminal === 'forbidden') {
    throw usageError('-c runs its command on a terminal, which -T forbids: leave one of them out');
  }
  const typed = given.last('escape-char');
  return {
    work,
    terminal,
    noStdin: given.has('no-stdin'),
    escape: typed === undefined ? undefined : parseEscapeChar(typed.value),
    graceSeconds: given.value('grace', parseGrace) ?? null,
    keepaliveSeconds: given.value('keepalive', parseKeepalive),
    logLevel: Math.min(given.count('verbose'), 3) as LogLevel,
    logFile: given.value('log', (text) => parseName('--log', text)),
    quiet: given.has('quiet'),
  };
}

function workOf(given: GivenFlags, words: readonly string[]): Work {
  const typed = given.last('command');
  const command = commandAfterHost(words);
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
    throw usageError(`-c and a command after the host (${firstOf(words)}): leave one of them out`);
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

function terminalWish(given: GivenFlags): TerminalWish {
  const last = given.last('tty', 't', 'no-tty');
  if (last === undefined) return 'default';
  return last.key === 'no-tty' ? 'forbidden' : 'forced';
}

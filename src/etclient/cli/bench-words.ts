import type { Flag } from '../../base/flag.ts';
import { usageError } from '../../base/usage-error.ts';
import type { BenchWork } from './client-command.ts';
import { FORWARD_KEYS } from './forward-flags.ts';
import { GivenFlags, spelled } from './given-flags.ts';
import { CLIENT_FLAGS, type ClientFlagKey, HIDDEN_CLIENT_FLAGS } from './option-table.ts';
import { readAnywhere } from './read-arguments.ts';

const DEFAULT_SECONDS = 3;
const MAX_SECONDS = 600;

type Key = ClientFlagKey | 'json' | 'seconds';

const OWN: readonly Flag<Key>[] = [
  { key: 'json', long: '--json', group: '', help: 'for programs' },
  {
    key: 'seconds',
    long: '--seconds',
    argument: 'N',
    group: '',
    help: 'how long each part of the measurement takes',
  },
];
const FLAGS: readonly Flag<Key>[] = [...OWN, ...CLIENT_FLAGS, ...HIDDEN_CLIENT_FLAGS];

/** Flags about what is run or forwarded. */
export const NOT_BENCH: readonly ClientFlagKey[] = [
  ...FORWARD_KEYS,
  'agent',
  'backlog',
  'command',
  'escape-char',
  'explain',
  'fallback',
  'forward-agent',
  'gateway-ports',
  'history',
  'kill-other-sessions',
  'name',
  'new',
  'no-terminal',
  'noexit',
  'print-config',
  'query',
  'ssh-socket',
  'stdio-forward',
  'subsystem',
  'tty',
  'udp-idle',
];

/** The words after `et bench`. */
export interface BenchWords {
  /** The flags of any session among them. */
  readonly given: GivenFlags;
  /** The host, or nothing for `--local`. */
  readonly operands: readonly string[];
  readonly work: BenchWork;
}

/**
 * Reads `[--json] [--seconds N] [options] [user@]host`. There is no command, so flags may stand behind the host too.
 *
 * @throws {EtError} ET_ERR_USAGE
 */
export function readBench(words: readonly string[]): BenchWords | 'help' | 'version' {
  const { occurrences, operands } = readAnywhere(FLAGS, words);
  const given = new GivenFlags(
    occurrences.flatMap(({ key, value }) =>
      key === 'json' || key === 'seconds' ? [] : [{ key, value }],
    ),
  );
  if (given.has('help')) return 'help';
  if (given.has('version')) return 'version';
  const [foreign] = given.among(NOT_BENCH);
  if (foreign !== undefined) {
    throw usageError(
      `${spelled(foreign.key)} is not for et bench, which runs and forwards nothing: leave it out`,
    );
  }
  const [host, other] = operands;
  if (host === undefined && !given.has('local')) {
    throw usageError('no host: write et bench [user@]host, or et bench --local');
  }
  const unexpected = given.has('local') ? host : other;
  if (unexpected !== undefined) {
    throw usageError(
      `et bench does not take ${JSON.stringify(unexpected.slice(0, 200))}; to run something on a host called bench, write et -- bench`,
    );
  }
  const seconds = occurrences.findLast(({ key }) => key === 'seconds')?.value;
  return {
    given,
    operands,
    work: {
      kind: 'bench',
      host: host ?? 'local',
      seconds: seconds === undefined ? DEFAULT_SECONDS : parseSeconds(seconds),
      json: occurrences.some(({ key }) => key === 'json'),
    },
  };
}

function parseSeconds(text: string): number {
  const seconds = /^\d{1,3}$/u.test(text) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= MAX_SECONDS) return seconds;
  throw usageError(
    `--seconds ${JSON.stringify(text)}: for each part of the measurement, within 1-${MAX_SECONDS}`,
  );
}

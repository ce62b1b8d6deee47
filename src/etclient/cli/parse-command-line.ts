import { asUsageOf, usageError } from '../../base/usage-error.ts';
import { type Destination, parseDestination } from '../../bootstrap/destination.ts';
import { type BenchWords, readBench } from './bench-words.ts';
import type { ClientCommand, ConnectCommand, LocalCommand } from './client-command.ts';
import { parseChoice, parseName, parsePortRange } from './flag-values.ts';
import { GivenFlags, spelled } from './given-flags.ts';
import { CLIENT_FLAGS, type ClientFlagKey, HIDDEN_CLIENT_FLAGS } from './option-table.ts';
import { type ReadArguments, readArguments, unknownFlag } from './read-arguments.ts';
import { sessionFlags } from './session-flags.ts';
import { sshFlags } from './ssh-flags.ts';
import { parseSubcommand } from './subcommands.ts';

/** Where the session server listens unless the user says otherwise. */
export const DEFAULT_SERVER_PORT = '60000-61000';

/** There is nothing in such a session that anybody would come back for after so long. */
const BENCH_GRACE_SECONDS = 900;

type Operands = Pick<ReadArguments<ClientFlagKey>, 'operands' | 'isTerminated'>;

/** Flags that only make sense on the way to another host. */
const NOT_LOCAL: readonly ClientFlagKey[] = [
  'bind',
  'compress',
  'config-file',
  'fallback',
  'identity',
  'ipv4',
  'ipv6',
  'jump',
  'login',
  'no-x11',
  'port',
  'query',
  'server-path',
  'ssh',
  'ssh-option',
  'ssh-port',
  'standby',
  'username',
  'via',
];

/**
 * What the arguments of `et`, without the program's name, ask for.
 *
 * @throws {EtError} ET_ERR_USAGE, one line that names the flag and the fix
 */
export function parseCommandLine(argv: readonly string[]): ClientCommand {
  const subcommand = parseSubcommand(argv);
  if (subcommand !== undefined) return subcommand;
  if (argv[0] === 'bench') return benchCommand(readBench(argv.slice(1)));
  const flags = [...CLIENT_FLAGS, ...HIDDEN_CLIENT_FLAGS];
  const read = readArguments(flags, argv);
  const { occurrences, unknown } = read;
  const given = new GivenFlags(occurrences);
  if (given.has('help')) return { kind: 'help' };
  if (given.has('version')) return { kind: 'version' };
  if (unknown !== undefined) throw usageError(unknownFlag(flags, unknown));
  return given.has('local') ? localCommand(given, read) : hostCommand(given, read);
}

function benchCommand(words: BenchWords | 'help' | 'version'): ClientCommand {
  if (typeof words === 'string') return { kind: words };
  const { given, operands, work } = words;
  const target = { operands, isTerminated: false };
  const command = given.has('local') ? localCommand(given, target) : hostCommand(given, target);
  if (command.kind !== 'connect' && command.kind !== 'local') return command;
  return { ...command, work, graceSeconds: command.graceSeconds ?? BENCH_GRACE_SECONDS };
}

function localCommand(given: GivenFlags, { operands, isTerminated }: Operands): LocalCommand {
  const foreign = NOT_LOCAL.find((key) => given.has(key));
  if (foreign !== undefined) {
    throw usageError(
      `${spelled(foreign)} is about a host, and --local has none: leave one of them out`,
    );
  }
  return { kind: 'local', ...sessionFlags(given, operands, isTerminated) };
}

function hostCommand(given: GivenFlags, { operands, isTerminated }: Operands): ClientCommand {
  const [host, ...words] = operands;
  // Before the host is missed: a flag that has no value in ssh, as -k, may have swallowed it.
  const session = sessionFlags(given, words, isTerminated);
  const ssh = sshFlags(given);
  if (host === undefined) {
    throw usageError('no host: write et [user@]host, or et --local for a shell on this machine');
  }
  if (session.logLevel > 0 && /^\d$/u.test(host)) {
    throw usageError(`-v takes no number, unlike Eternal Terminal's: write ${verboseFor(host)}`);
  }
  const via: ConnectCommand['via'] = given.value('via', (text) =>
    parseChoice('--via', text, ['tcp', 'ssh']),
  );
  const hasStandby = given.has('standby');
  if (hasStandby && via !== undefined) {
    throw usageError(
      `--standby keeps a link over a second road, and --via ${via} leaves one: leave one of them out`,
    );
  }
  const destination = asUsageOf('the host', () => parseDestination(host));
  if (given.has('query')) return { kind: 'ssh-query', destination, ...ssh };
  return {
    kind: 'connect',
    ...session,
    ...ssh,
    destination,
    serverPath: given.value('server-path', (text) => parseName('--server-path', text)),
    serverPort: serverPort(given, destination),
    bind: given.value('bind', (text) => parseName('--bind', text)) ?? '',
    via,
    hasStandby,
    fallback: given.value('fallback', (text) => parseChoice('--fallback', text, ['ssh', 'none'])),
  };
}

function serverPort(given: GivenFlags, destination: Destination): string {
  const flag = given.value('port', parsePortRange);
  const { serverPort: own } = destination;
  if (own === undefined) return flag ?? DEFAULT_SERVER_PORT;
  if (flag !== undefined && flag !== String(own)) {
    throw usageError(`--port ${flag} and :${own} after the host are the same thing: leave one out`);
  }
  return String(own);
}

function verboseFor(level: string): string {
  return level === '0' ? 'no -v' : `-${'v'.repeat(Math.min(Number(level), 3))}`;
}

import { roadsIn } from '../../backed/dial-plan.ts';
import type { Flag } from '../../base/flag.ts';
import { asUsageOf, usageError } from '../../base/usage-error.ts';
import { type Destination, parseDestination } from '../../bootstrap/destination.ts';
import { parseDialPlan } from '../parse-dial-plan.ts';
import { formatRoad } from '../road.ts';
import { type BenchWords, NOT_BENCH, readBench } from './bench-words.ts';
import type {
  ClientCommand,
  ConnectCommand,
  LocalCommand,
  SshQueryCommand,
} from './client-command.ts';
import { parseChoice, parseName, parsePad, parsePortRange, parseVia } from './flag-values.ts';
import { FORWARD_KEYS } from './forward-flags.ts';
import { GivenFlags, spelled } from './given-flags.ts';
import { jumpFlags } from './jump-flags.ts';
import { CLIENT_FLAGS, type ClientFlagKey, HIDDEN_CLIENT_FLAGS } from './option-table.ts';
import { type ReadArguments, readArguments, unknownFlag } from './read-arguments.ts';
import { DEFAULT_SERVER_PORT } from './server-port.ts';
import { sessionFlags } from './session-flags.ts';
import { readSessionWords, unfitFor } from './session-words.ts';
import { sessionsCommand } from './sessions-command.ts';
import { applySettings, NO_SETTINGS, type Settings, withPlaces } from './settings.ts';
import { sshFlags } from './ssh-flags.ts';
import { parseSubcommand } from './subcommands.ts';

/** There is nothing in such a session that anybody would come back for after so long. */
const BENCH_GRACE_SECONDS = 900;

type Operands = Pick<ReadArguments<ClientFlagKey>, 'operands' | 'isTerminated'>;

/** Flags that only make sense on the way to another host. */
const NOT_LOCAL: readonly ClientFlagKey[] = [
  'bind',
  'compress',
  'config-file',
  'explain',
  'fallback',
  'from',
  'identity',
  'ipv4',
  'ipv6',
  'jump',
  'jumphost',
  'jport',
  'login',
  'no-x11',
  'pad',
  'port',
  'print-config',
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
 * What the arguments of `et`, without the program's name, ask for, and `settings` beside them.
 *
 * @throws {EtError} ET_ERR_USAGE, one line that names the flag and the fix; and what `settings` throws
 */
export function parseCommandLine(
  argv: readonly string[],
  settings: Settings = NO_SETTINGS,
): ClientCommand {
  const words = readSessionWords(argv);
  if (words === 'help' || words === 'version') return { kind: words };
  if (words !== undefined) {
    return sessionsCommand(words, settings, (itsFlags, host) =>
      connectionTo(itsFlags, host, settings, unfitFor(words.verb)),
    );
  }
  const subcommand = parseSubcommand(argv);
  if (subcommand !== undefined) return subcommand;
  if (argv[0] === 'bench') return benchCommand(readBench(argv.slice(1)), settings);
  const flags = [...CLIENT_FLAGS, ...HIDDEN_CLIENT_FLAGS];
  const read = readAround(flags, argv);
  const { occurrences, unknown } = read;
  const given = new GivenFlags(occurrences);
  if (given.has('help')) return { kind: 'help' };
  if (given.has('version')) return { kind: 'version' };
  if (unknown !== undefined) throw usageError(unknownFlag(flags, unknown));
  if (given.has('local')) return localCommand(given, read, settings, []);
  // Connections that standard input and output are made of: what else listens here belongs to a session that is worked in.
  return hostCommand(given, read, settings, given.has('stdio-forward') ? FORWARD_KEYS : []);
}

/** Flags may stand behind the host too, up to the command, as with ssh. A session here has no host. */
function readAround(
  flags: readonly Flag<ClientFlagKey>[],
  argv: readonly string[],
): ReadArguments<ClientFlagKey> {
  const before = readArguments(flags, argv);
  const [host, ...rest] = before.operands;
  const isHere = before.occurrences.some(({ key }) => key === 'local');
  const [word = ''] = rest;
  if (host === undefined || before.isTerminated || isHere || !/^-./u.test(word)) return before;
  const behind = readArguments(flags, rest);
  return {
    occurrences: [...before.occurrences, ...behind.occurrences],
    operands: [host, ...behind.operands],
    isTerminated: behind.isTerminated,
    unknown: before.unknown ?? behind.unknown,
  };
}

function benchCommand(words: BenchWords | 'help' | 'version', settings: Settings): ClientCommand {
  if (typeof words === 'string') return { kind: words };
  const { given, operands, work } = words;
  const target = { operands, isTerminated: false };
  // How long to keep what somebody works in says nothing about this.
  const unfit: readonly ClientFlagKey[] = [...NOT_BENCH, 'grace'];
  const command = given.has('local')
    ? localCommand(given, target, settings, unfit)
    : hostCommand(given, target, settings, unfit);
  if (command.kind !== 'connect' && command.kind !== 'local') return command;
  return { ...command, work, graceSeconds: command.graceSeconds ?? BENCH_GRACE_SECONDS };
}

function localCommand(
  typed: GivenFlags,
  { operands, isTerminated }: Operands,
  settings: Settings,
  unfit: readonly ClientFlagKey[],
): LocalCommand {
  const foreign = NOT_LOCAL.find((key) => typed.has(key));
  if (foreign !== undefined) {
    throw usageError(
      `${spelled(foreign)} is about a host, and --local has none: leave one of them out`,
    );
  }
  const others = [...unfit, ...NOT_LOCAL, ...FORWARD_KEYS];
  const { given, applied } = applySettings(typed, settings.valuesFor(undefined), (key) =>
    others.includes(key),
  );
  return citing(applied, () => ({ kind: 'local', ...sessionFlags(given, operands, isTerminated) }));
}

function connectionTo(
  given: GivenFlags,
  host: string,
  settings: Settings,
  unfit: readonly ClientFlagKey[],
): ConnectCommand {
  const command = hostCommand(given, { operands: [host], isTerminated: true }, settings, unfit);
  if (command.kind === 'connect') return command;
  throw usageError(`${JSON.stringify(host)} is no host`);
}

/** `unfit`: what is not taken from the settings. */
function hostCommand(
  typed: GivenFlags,
  target: Operands,
  settings: Settings,
  unfit: readonly ClientFlagKey[],
): ClientCommand {
  const [host = ''] = target.operands;
  // A level that is configured says nothing about the word behind it.
  if (typed.has('verbose') && /^\d$/u.test(host)) {
    throw usageError(`-v takes no number, unlike Eternal Terminal's: write ${verboseFor(host)}`);
  }
  const destination = typed.has('query') ? undefined : readable(host);
  // Whatever is wrong then is said about the command line.
  if (destination === undefined) return connectCommand(typed, target);
  const { given, applied } = applySettings(
    typed,
    settings.valuesFor(destination.host),
    (key) => unfit.includes(key) || (key === 'port' && destination.serverPort !== undefined),
  );
  if (typed.has('jport') && !given.has('jumphost')) {
    throw usageError('--jport goes with --jumphost HOST: write both');
  }
  const command = citing(applied, () => connectCommand(given, target));
  if (command.kind !== 'connect') return command;
  if (typed.has('print-config')) return { kind: 'print-config', command, typed, applied };
  return typed.has('explain') ? { kind: 'explain', connect: command } : command;
}

function readable(host: string): Destination | undefined {
  try {
    return parseDestination(host);
  } catch {
    return undefined;
  }
}

function citing<T>(applied: Parameters<typeof withPlaces>[1], read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw withPlaces(error, applied);
  }
}

/** What flags and a host ask for, wherever the flags come from. @throws {EtError} ET_ERR_USAGE */
export function connectCommand(
  given: GivenFlags,
  { operands, isTerminated }: Operands,
): ConnectCommand | SshQueryCommand {
  const [host, ...words] = operands;
  // Before the host is missed: a flag that has no value in ssh, as -k, may have swallowed it.
  const session = sessionFlags(given, words, isTerminated);
  const ssh = sshFlags(given);
  if (host === undefined) {
    throw usageError('no host: write et [user@]host, or et --local for a shell on this machine');
  }
  const destination = asUsageOf('the host', () => parseDestination(host));
  if (given.has('query')) return { kind: 'ssh-query', destination, ...ssh };
  return {
    kind: 'connect',
    ...session,
    ...ssh,
    ...jumpFlags(given, ssh),
    destination,
    serverPath: given.value('server-path', (text) => parseName('--server-path', text)),
    serverPort: serverPort(given, destination),
    bind: given.value('bind', (text) => parseName('--bind', text)) ?? '',
    via: viaOf(given),
    from: given.all('from').map((text) => parseName('--from', text)),
    hasStandby: given.has('standby'),
    padBytes: given.value('pad', parsePad),
    fallback: given.value('fallback', (text) => parseChoice('--fallback', text, ['ssh', 'none'])),
  };
}

function viaOf(given: GivenFlags): string | undefined {
  const via = given.value('via', parseVia);
  const isAlone =
    via !== undefined && new Set(roadsIn(parseDialPlan(via)).map(formatRoad)).size < 2;
  if (isAlone && given.has('standby')) {
    throw usageError(
      `--standby keeps a link over a second road, and --via ${via} leaves one: leave one of them out`,
    );
  }
  return via;
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

import type { Flag } from '../../base/flag.ts';
import { usageError } from '../../base/usage-error.ts';
import { FORWARD_KEYS } from './forward-flags.ts';
import { GivenFlags, spelled } from './given-flags.ts';
import { CLIENT_FLAGS, type ClientFlagKey, HIDDEN_CLIENT_FLAGS } from './option-table.ts';
import { readAnywhere } from './read-arguments.ts';

/** Commands about sessions that run, here or on a host. */
export type SessionVerb = 'attach' | 'ls' | 'kill' | 'detach' | 'history';

/** `et history` prints what a terminal would show as text, or the bytes as they were. */
export interface HistoryWish {
  readonly form: 'text' | 'raw';
  /** `--since`: an offset in the session's output, in bytes. */
  readonly since: number | undefined;
}

/** The words of such a command. */
export interface SessionWords {
  readonly verb: SessionVerb;
  /** The flags of any session among them. */
  readonly given: GivenFlags;
  readonly operands: readonly string[];
  readonly json: boolean;
  readonly history: HistoryWish;
}

type OwnKey = 'json' | 'raw' | 'text' | 'since';
type Key = ClientFlagKey | OwnKey;

const OWN: readonly (Flag<OwnKey> & { readonly verb: SessionVerb })[] = [
  { key: 'json', long: '--json', group: '', help: 'for programs', verb: 'ls' },
  { key: 'raw', long: '--raw', group: '', help: 'every byte as it was', verb: 'history' },
  { key: 'text', long: '--text', group: '', help: 'without escape sequences', verb: 'history' },
  {
    key: 'since',
    long: '--since',
    argument: 'OFFSET',
    group: '',
    help: 'from this byte of the output on',
    verb: 'history',
  },
];
const FLAGS: readonly Flag<Key>[] = [...OWN, ...CLIENT_FLAGS, ...HIDDEN_CLIENT_FLAGS];

/** How many operands each takes, and what they are called. */
const OPERANDS: Readonly<Record<SessionVerb, { least: number; most: number; names: string }>> = {
  attach: { least: 0, most: 2, names: '[NAME|ID|HOST [NAME|ID]]' },
  ls: { least: 0, most: 1, names: '[HOST]' },
  kill: { least: 1, most: 64, names: '[HOST] NAME|ID...' },
  detach: { least: 0, most: 2, names: '[NAME|ID|HOST NAME|ID]' },
  history: { least: 0, most: 2, names: '[NAME|ID|HOST [NAME|ID]]' },
};

/** Flags about what is run, and about a session that begins. */
const OF_BEGINNING: readonly ClientFlagKey[] = [
  'bind',
  'command',
  'explain',
  'fallback',
  'grace',
  'history',
  'kill-other-sessions',
  'local',
  'name',
  'new',
  'no-terminal',
  'no-tty',
  'noexit',
  'port',
  'print-config',
  'query',
  'stdio-forward',
  'subsystem',
  'tty',
];
/** Flags about a terminal that is worked in, and what is forwarded beside it. */
const OF_WORK: readonly ClientFlagKey[] = [
  ...FORWARD_KEYS,
  'agent',
  'backlog',
  'escape-char',
  'forward-agent',
  'gateway-ports',
  'no-stdin',
  'ssh-socket',
  'udp-idle',
];

/** What is not taken from the settings, nor from the command line, for a command about a session that runs. */
export function unfitFor(verb: SessionVerb): readonly ClientFlagKey[] {
  return verb === 'attach' ? OF_BEGINNING : [...OF_BEGINNING, ...OF_WORK];
}

/**
 * Reads `attach`, `ls`, `kill`, `detach` or `history` and what follows it; `undefined` where none of them stands first. Nothing is
 * run, so flags may stand behind the operands too. A host of such a name is reached with anything before it: `et -- attach`.
 *
 * @throws {EtError} ET_ERR_USAGE
 */
export function readSessionWords([first, ...words]: readonly string[]):
  | SessionWords
  | 'help'
  | 'version'
  | undefined {
  const verb = (Object.keys(OPERANDS) as SessionVerb[]).find((each) => each === first);
  if (verb === undefined) return undefined;
  const { occurrences, operands } = readAnywhere(FLAGS, words);
  const own = occurrences.filter((each) => isOwn(each.key));
  const given = new GivenFlags(
    occurrences.flatMap(({ key, value }) => (isOwn(key) ? [] : [{ key, value }])),
  );
  if (given.has('help')) return 'help';
  if (given.has('version')) return 'version';
  refuseFlags(verb, given, own);
  refuseOperands(verb, operands);
  const since = own.findLast(({ key }) => key === 'since')?.value;
  const form = own.findLast(({ key }) => key === 'raw' || key === 'text')?.key;
  return {
    verb,
    given,
    operands,
    json: own.some(({ key }) => key === 'json'),
    history: {
      form: form === 'raw' ? 'raw' : 'text',
      since: since === undefined ? undefined : parseOffset(since),
    },
  };
}

function refuseFlags(verb: SessionVerb, given: GivenFlags, own: readonly { key: Key }[]): void {
  const foreign = OWN.find((flag) => flag.verb !== verb && own.some(({ key }) => key === flag.key));
  if (foreign !== undefined) {
    throw usageError(`${foreign.long} is a flag of et ${foreign.verb}, not of et ${verb}`);
  }
  const [unfit] = given.among(unfitFor(verb));
  if (unfit === undefined) return;
  const why = OF_BEGINNING.includes(unfit.key)
    ? 'begins nothing'
    : 'opens no terminal and forwards nothing';
  throw usageError(`${spelled(unfit.key)} is not for et ${verb}, which ${why}: leave it out`);
}

function refuseOperands(verb: SessionVerb, operands: readonly string[]): void {
  const { least, most, names } = OPERANDS[verb];
  const usage = `et ${verb} ${names}`;
  const bad = operands.find((each) => !/^[^-\p{Cc}\s][^\p{Cc}\s]*$/u.test(each));
  if (bad !== undefined) {
    throw usageError(`${JSON.stringify(bad.slice(0, 200))} names no session and no host: ${usage}`);
  }
  if (operands.length < least) {
    throw usageError(`et ${verb} needs the name or the id of a session, as et ls shows them`);
  }
  const extra = operands[most];
  if (extra === undefined) return;
  throw usageError(
    `et ${verb} does not take ${JSON.stringify(extra.slice(0, 200))}: ${usage}; to run something on a host called ${verb}, write et -- ${verb}`,
  );
}

function isOwn(key: Key): key is OwnKey {
  return OWN.some((each) => each.key === key);
}

function parseOffset(text: string): number {
  const offset = /^\d{1,15}$/u.test(text) ? Number(text) : -1;
  if (offset >= 0) return offset;
  throw usageError(`--since ${JSON.stringify(text)}: an offset in bytes, 0 or more`);
}

import type { Flag } from '../../base/flag.ts';
import { nameOf } from '../../base/flag.ts';
import { usageError } from '../../base/usage-error.ts';
import { parseName } from './flag-values.ts';
import { FORWARD_FLAGS, forwardsToAdd, forwardsToRemove } from './forward-words.ts';
import type { ClientFlagKey } from './option-table.ts';
import { type Occurrence, readAnywhere } from './read-arguments.ts';
import { parseServiceWords, type ServiceCommand } from './service-words.ts';

/** `et status`: what clients with forwards do. */
export interface StatusCommand {
  readonly kind: 'status';
  readonly json: boolean;
  /** `--session`: a destination, a process id, or the beginning of a session id. */
  readonly session: string | undefined;
}

/** `et forward`: the forwards of a client that runs. */
export type ForwardCommand = {
  readonly kind: 'forward';
  readonly session: string | undefined;
} & (
  | { readonly verb: 'ls' }
  | { readonly verb: 'add' | 'rm'; readonly flag: string; readonly value: string }
);

type Key = ClientFlagKey | 'json' | 'session';

const OWN: readonly Flag<Key>[] = [
  { key: 'session', long: '--session', argument: 'NAME', group: '', help: 'which client' },
  { key: 'json', long: '--json', group: '', help: 'for programs' },
  { key: 'help', short: '-h', long: '--help', group: '', help: 'print the help' },
];
const FLAGS: readonly Flag<Key>[] = [...OWN, ...FORWARD_FLAGS];
const VERBS = ['add', 'rm', 'ls'] as const;

/**
 * A command about clients that run, or shall run, where its name stands first; `undefined` for anything else. A host of that name is reached
 * with anything before it: `et -- status`, `et user@status`.
 *
 * @throws {EtError} ET_ERR_USAGE
 */
export function parseSubcommand(
  argv: readonly string[],
): StatusCommand | ForwardCommand | ServiceCommand | { readonly kind: 'help' } | undefined {
  const [name, ...words] = argv;
  if (name === 'service') return parseServiceWords(words);
  if (name !== 'status' && name !== 'forward') return undefined;
  const { occurrences: given, operands } = readAnywhere(FLAGS, words);
  if (given.some(({ key }) => key === 'help')) return { kind: 'help' };
  const session = given.findLast(({ key }) => key === 'session')?.value;
  if (session !== undefined) parseName('--session', session);
  return name === 'status'
    ? parseStatus(given, operands, session)
    : parseForward(given, operands, session);
}

function parseStatus(
  given: readonly Occurrence<Key>[],
  operands: readonly string[],
  session: string | undefined,
): StatusCommand {
  const [operand] = operands;
  if (operand !== undefined) throw unexpected('status', operand);
  const foreign = given.find(({ key }) => key !== 'json' && key !== 'session');
  if (foreign !== undefined) {
    throw usageError(`${spelled(foreign.key)} is not a flag of et status: --json or --session`);
  }
  return { kind: 'status', json: given.some(({ key }) => key === 'json'), session };
}

function parseForward(
  given: readonly Occurrence<Key>[],
  [typed, operand]: readonly string[],
  session: string | undefined,
): ForwardCommand {
  if (typed === undefined) {
    throw usageError('et forward needs add, rm or ls, as in et forward add -L 8003:db:5432');
  }
  const verb = VERBS.find((each) => each === typed);
  if (verb === undefined) throw unexpected('forward', typed);
  if (operand !== undefined) throw unexpected(`forward ${verb}`, operand);
  if (given.some(({ key }) => key === 'json')) {
    throw usageError('--json is of et status, which has the forwards too: et status --json');
  }
  const [asked, other] = given.filter(({ key }) => key !== 'session');
  if (verb === 'ls') {
    if (asked === undefined) return { kind: 'forward', verb, session };
    throw usageError(`et forward ls lists all: leave out ${spelled(asked.key)}`);
  }
  if (asked === undefined) {
    const value = verb === 'add' ? '8003:db:5432' : '8003';
    throw usageError(`et forward ${verb} needs a flag and its value, as in -L ${value}`);
  }
  if (other !== undefined) {
    throw usageError(`et forward ${verb} takes one flag: leave out ${spelled(other.key)}`);
  }
  const flag = spelled(asked.key);
  const { value } = asked;
  if (verb === 'add') forwardsToAdd(flag, value, false);
  else forwardsToRemove(flag, value, false);
  return { kind: 'forward', verb, session, flag, value };
}

function spelled(key: Key): string {
  const flag = FLAGS.find((each) => each.key === key);
  if (flag === undefined) return key;
  return flag.short ?? flag.long ?? nameOf(flag);
}

function unexpected(command: string, operand: string): Error {
  const name = command.split(' ')[0] ?? command;
  return usageError(
    `et ${command} does not take ${JSON.stringify(operand.slice(0, 200))}; to run something on a host called ${name}, write et -- ${name}`,
  );
}

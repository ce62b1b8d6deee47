import { spellingsOf } from '../../base/flag.ts';
import { nearestWord } from '../../base/nearest-word.ts';
import { usageError } from '../../base/usage-error.ts';
import { isSessionName } from '../../wire/session-name.ts';
import {
  COMMON_SERVER_FLAGS,
  ROUTER_FLAGS,
  SERVER_FLAGS,
  type ServerFlagKey,
  SUBCOMMANDS,
  type Subcommand,
} from './option-table.ts';
import { parseRouterWords } from './router-words.ts';
import type { ServerCommand } from './server-command.ts';

const ID_DIGITS = 32;
/** Fewer digits of an id are a slip of the hand rather than a choice. */
const MIN_PREFIX_DIGITS = 4;

/**
 * What the arguments of `etserver`, without the program's name, ask for. Only the router's flags take values, and the host starts
 * `etserver` for every session, so this does without a parser that takes longer to load than to run.
 *
 * @throws {EtError} ET_ERR_USAGE, one line that names the argument and the fix
 */
export function parseCommandLine(argv: readonly string[]): ServerCommand {
  const [first, ...others] = argv;
  if (first === 'router') return parseRouterWords(others);
  if (first === undefined || isRouterFlag(first)) return parseRouterWords(argv);
  const typedFlags = argv.filter((word) => word.startsWith('-'));
  const keys = typedFlags.map(flagKey);
  if (keys.includes('help')) return { kind: 'help' };
  if (keys.includes('version')) return { kind: 'version' };
  const [name, ...operands] = argv.filter((word) => !word.startsWith('-'));
  const subcommand = subcommandNamed(name);
  const allowed = [...subcommand.flags, ...COMMON_SERVER_FLAGS].flatMap(spellingsOf);
  const foreign = typedFlags.find((flag) => !allowed.includes(flag));
  if (foreign !== undefined) {
    throw usageError(`${foreign} is not a flag of etserver ${subcommand.name}: leave it out`);
  }
  if (subcommand.name === 'router') throw usageError('router stands before its flags');
  return commandOf(subcommand.name, new Set(keys), operands);
}

/** `etserver` without a command is the router, whose flags then come first. */
function isRouterFlag(word: string): boolean {
  const own = ROUTER_FLAGS.filter(({ key }) => key !== 'json');
  return own.flatMap(spellingsOf).some((each) => word.startsWith(each));
}

function commandOf(
  name: Exclude<Subcommand['name'], 'router'>,
  flags: ReadonlySet<ServerFlagKey>,
  operands: readonly string[],
): ServerCommand {
  switch (name) {
    case 'session':
      refuseOperands(name, operands);
      return { kind: 'session', detached: flags.has('detached') };
    case 'ls':
      refuseOperands(name, operands);
      return { kind: 'list', json: flags.has('json') };
    case 'connect':
      return { kind: 'connect', id: onlyId(name, operands) };
    case 'alive':
      return { kind: 'alive', id: onlyId(name, operands) };
    case 'detach':
      return { kind: 'detach', session: onlySession(name, operands) };
    case 'kill':
      return { kind: 'kill', ids: idsToKill(flags.has('all'), operands) };
  }
}

function subcommandNamed(name: string | undefined): Subcommand {
  const names = SUBCOMMANDS.map((each) => each.name);
  if (name === undefined) throw usageError(`etserver needs a command: ${names.join(', ')}`);
  const subcommand = SUBCOMMANDS.find((each) => each.name === name);
  if (subcommand !== undefined) return subcommand;
  const nearest = nearestWord(name, names);
  const advice = nearest === undefined ? `it has ${names.join(', ')}` : `did you mean ${nearest}?`;
  throw usageError(`${JSON.stringify(name)} is not a command of etserver; ${advice}`);
}

function flagKey(typed: string): ServerFlagKey {
  const flag = SERVER_FLAGS.find((each) => spellingsOf(each).includes(typed));
  if (flag !== undefined) return flag.key;
  const nearest = nearestWord(typed, SERVER_FLAGS.flatMap(spellingsOf));
  const advice = nearest === undefined ? 'etserver --help lists all' : `did you mean ${nearest}?`;
  throw usageError(`${JSON.stringify(typed)} is not a flag of etserver; ${advice}`);
}

function refuseOperands(name: string, operands: readonly string[]): void {
  if (operands.length === 0) return;
  throw usageError(`etserver ${name} takes no ${JSON.stringify(operands[0])}: leave it out`);
}

function onlyId(name: string, operands: readonly string[]): string {
  const [id] = operands;
  if (id === undefined || operands.length > 1) {
    throw usageError(`etserver ${name} takes one session id, not ${operands.length}`);
  }
  return idWithin(id, ID_DIGITS);
}

function onlySession(name: string, operands: readonly string[]): string {
  const [session] = operands;
  if (session !== undefined && operands.length === 1) return sessionWithin(session);
  throw usageError(
    `etserver ${name} takes the name or the id of one session, not ${operands.length}`,
  );
}

/** A name, or an id of which enough is there. */
function sessionWithin(text: string): string {
  if (/^[0-9a-f]+$/iu.test(text)) return idWithin(text, MIN_PREFIX_DIGITS);
  if (isSessionName(text)) return text;
  throw usageError(
    `${JSON.stringify(text)} is neither a session's name nor the beginning of an id`,
  );
}

function idsToKill(all: boolean, operands: readonly string[]): 'all' | readonly string[] {
  if (all && operands.length > 0) {
    throw usageError('etserver kill --all ends all sessions: leave --all or the ids out');
  }
  if (!all && operands.length === 0) {
    throw usageError('etserver kill needs session ids, as etserver ls shows them, or --all');
  }
  return all ? 'all' : operands.map(sessionWithin);
}

function idWithin(text: string, leastDigits: number): string {
  if (/^[0-9a-f]{1,32}$/iu.test(text) && text.length >= leastDigits) return text.toLowerCase();
  const digits = leastDigits === ID_DIGITS ? '' : `${leastDigits} to `;
  throw usageError(
    `${JSON.stringify(text)} is not a session id: ${digits}${ID_DIGITS} hexadecimal digits`,
  );
}

import { usageError } from '../../base/usage-error.ts';

/** `et service install`: has `et` run for months. */
export interface InstallCommand {
  readonly kind: 'service';
  readonly verb: 'install';
  readonly name: string;
  /** `--replace`: in place of a service of that name. */
  readonly replace: boolean;
  /** For `et`, as typed; `serviceArguments` says whether a service can be made of them. */
  readonly args: readonly string[];
}

/** `et service`: clients that the system starts. */
export type ServiceCommand =
  | InstallCommand
  | { readonly kind: 'service'; readonly verb: 'ls'; readonly json: boolean }
  | { readonly kind: 'service'; readonly verb: 'rm'; readonly name: string };

/** What a service looks like, for messages. */
export const SERVICE_EXAMPLE = 'et service install work -- -L 5432:db:5432 me@host';

/** The flags of each verb; none of them has a value. */
const FLAGS = { install: ['--replace'], ls: ['--json'], rm: [] } as const;
/** It becomes part of a file's name, and of a unit's. No word that begins with a dash is taken for one. */
const NAME = /^[\w.-]{1,64}$/u;

/**
 * The words behind `et service`. Flags may stand on either side of a name, and end at `--`.
 *
 * @throws {EtError} ET_ERR_USAGE
 */
export function parseServiceWords(
  words: readonly string[],
): ServiceCommand | { readonly kind: 'help' } {
  const end = words.indexOf('--');
  const own = end < 0 ? words : words.slice(0, end);
  const flags = own.filter((word) => word.startsWith('-'));
  if (flags.includes('--help') || flags.includes('-h')) return { kind: 'help' };
  const [typed, ...operands] = own.filter((word) => !word.startsWith('-'));
  const verb = (['install', 'ls', 'rm'] as const).find((each) => each === typed);
  if (verb === undefined) throw noVerb(typed);
  const allowed: readonly string[] = FLAGS[verb];
  const foreign = flags.find((flag) => !allowed.includes(flag));
  if (foreign !== undefined) throw notOurs(verb, foreign);
  const [unexpected] = operands.slice(verb === 'ls' ? 0 : 1);
  if (unexpected !== undefined) throw notOurs(verb, unexpected);
  if (end >= 0 && verb !== 'install') throw notOurs(verb, '--');
  if (verb === 'ls') return { kind: 'service', verb, json: flags.length > 0 };
  const name = nameFrom(verb, operands[0]);
  if (verb === 'rm') return { kind: 'service', verb, name };
  if (end < 0) throw usageError(`what et is to be told stands behind --: ${SERVICE_EXAMPLE}`);
  return { kind: 'service', verb, name, replace: flags.length > 0, args: words.slice(end + 1) };
}

function nameFrom(verb: string, name: string | undefined): string {
  if (name === undefined) {
    throw usageError(`et service ${verb} needs a name, as in et service ${verb} work`);
  }
  if (NAME.test(name)) return name;
  throw usageError(
    `${quoted(name)} cannot name a service: up to 64 of a-z, A-Z, 0-9, dot, _ and -, not first`,
  );
}

function noVerb(typed: string | undefined): Error {
  if (typed === undefined) {
    return usageError(`et service needs install, ls or rm, as in ${SERVICE_EXAMPLE}`);
  }
  return usageError(
    `et service does not take ${quoted(typed)}; to run something on a host called service, write et -- service`,
  );
}

function notOurs(verb: string, word: string): Error {
  const place = verb === 'install' ? 'what et is to be told stands behind --' : 'leave it out';
  return usageError(`et service ${verb} does not take ${quoted(word)}: ${place}`);
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}

import { type Flag, nameOf, spellingsOf } from '../../base/flag.ts';
import { nearestWord } from '../../base/nearest-word.ts';
import { asUsageOf, usageError } from '../../base/usage-error.ts';
import { ROUTER_PORT } from '../../wire/limits.ts';
import { type ForwardTargets, parseForwardTargets } from './forward-targets.ts';
import { COMMON_SERVER_FLAGS, ROUTER_FLAGS, type ServerFlagKey } from './option-table.ts';

/** What `etserver router` is to do. */
export type RouterCommand =
  | { readonly kind: 'router-status'; readonly socket: string | undefined; readonly json: boolean }
  | {
      readonly kind: 'router';
      readonly port: number;
      /** Addresses; none: all. */
      readonly bind: readonly string[];
      /** `undefined`: the usual place. */
      readonly socket: string | undefined;
      readonly forwardTo: ForwardTargets | undefined;
      readonly hasUdp: boolean;
    };

const FLAGS: readonly Flag<ServerFlagKey>[] = [...ROUTER_FLAGS, ...COMMON_SERVER_FLAGS];

/** The words behind `etserver router`. @throws {EtError} ET_ERR_USAGE */
export function parseRouterWords(
  words: readonly string[],
): RouterCommand | { readonly kind: 'help' | 'version' } {
  const given = readFlags(words);
  if (given.has('help')) return { kind: 'help' };
  if (given.has('version')) return { kind: 'version' };
  const socket = lastOf(given, 'socket');
  if (socket !== undefined && !/^\/\P{Cc}+$/u.test(socket)) {
    throw usageError(
      `--socket ${JSON.stringify(socket)}: an absolute path, as /run/et/router.sock`,
    );
  }
  if (given.has('status')) return statusCommand(given, socket);
  if (given.has('json')) throw usageError('--json goes with --status: write both, or leave it out');
  const forwardTo = given.get('allow-forward-to');
  return {
    kind: 'router',
    port: portOf(lastOf(given, 'port')),
    bind: (given.get('bind') ?? []).map(addressOf),
    socket,
    hasUdp: !given.has('no-udp'),
    forwardTo:
      forwardTo && asUsageOf('--allow-forward-to', () => parseForwardTargets(forwardTo.join(','))),
  };
}

type Given = ReadonlyMap<ServerFlagKey, readonly string[]>;

function statusCommand(given: Given, socket: string | undefined): RouterCommand {
  const other = (['port', 'bind', 'no-udp', 'allow-forward-to'] as const).find((key) =>
    given.has(key),
  );
  if (other !== undefined) {
    throw usageError(`--status asks a router that runs: leave out ${named(other)}`);
  }
  return { kind: 'router-status', socket, json: given.has('json') };
}

/** As `-p 2022`, `-p2022`, `--port 2022` and `--port=2022`. */
function readFlags(words: readonly string[]): Given {
  const given = new Map<ServerFlagKey, string[]>();
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? '';
    const [, typed = '', inline] =
      /^(--[^=]+)(?:=(.*))?$/su.exec(word) ?? /^(-[^-])(.+)?$/su.exec(word) ?? [];
    const flag = flagOf(typed, word);
    const values = given.get(flag.key) ?? [];
    given.set(flag.key, values);
    if (flag.argument === undefined) {
      if (inline !== undefined) throw usageError(`${typed} takes no value: leave ${word} at that`);
      continue;
    }
    if (inline === undefined) i += 1;
    const value = inline ?? words[i];
    if (value === undefined) throw usageError(`${typed} needs a value: ${typed} ${flag.argument}`);
    values.push(value);
  }
  return given;
}

function flagOf(typed: string, word: string): Flag<ServerFlagKey> {
  const flag = FLAGS.find((each) => spellingsOf(each).includes(typed));
  if (flag !== undefined) return flag;
  if (!word.startsWith('-')) {
    throw usageError(`etserver router takes no ${JSON.stringify(word)}: leave it out`);
  }
  const nearest = nearestWord(typed, FLAGS.flatMap(spellingsOf));
  const advice = nearest === undefined ? 'etserver --help lists all' : `did you mean ${nearest}?`;
  throw usageError(`${JSON.stringify(word)} is not a flag of etserver router; ${advice}`);
}

function lastOf(given: Given, key: ServerFlagKey): string | undefined {
  return given.get(key)?.at(-1);
}

function portOf(text: string | undefined): number {
  if (text === undefined) return ROUTER_PORT;
  const port = /^\d{1,5}$/u.test(text) ? Number(text) : -1;
  if (port >= 0 && port <= 65_535) return port;
  throw usageError(
    `-p ${JSON.stringify(text)}: a port within 1-65535, or 0 for any; the default is ${ROUTER_PORT}`,
  );
}

function addressOf(text: string): string {
  const plain = /^\[(.*)\]$/u.exec(text)?.[1] ?? text;
  if (/^[\da-z.:%_-]+$/iu.test(plain) && !plain.startsWith('-')) return plain;
  throw usageError(
    `--bind ${JSON.stringify(text)}: an address of this machine, as 10.0.0.5 or ::1`,
  );
}

function named(key: ServerFlagKey): string {
  const flag = FLAGS.find((each) => each.key === key);
  return flag === undefined ? key : nameOf(flag);
}

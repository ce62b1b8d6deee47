import type { Flag } from '../../base/flag.ts';

export type ServerFlagKey =
  | 'all'
  | 'allow-forward-to'
  | 'bind'
  | 'detached'
  | 'help'
  | 'json'
  | 'no-udp'
  | 'port'
  | 'socket'
  | 'status'
  | 'version';

/** A subcommand of `etserver`. */
export interface Subcommand {
  readonly name: 'router' | 'session' | 'connect' | 'alive' | 'ls' | 'kill' | 'detach';
  /** Its operands, as `ID`. */
  readonly operands: string;
  readonly flags: readonly Flag<ServerFlagKey>[];
  /** Who types it: a person, or only `et`. */
  readonly audience: 'person' | 'program';
  readonly help: string;
}

const GROUP = 'Options';
const ROUTER_GROUP = 'Options of router';

const ALL: Flag<ServerFlagKey> = {
  key: 'all',
  long: '--all',
  group: GROUP,
  help: 'with kill: all your sessions',
};
const DETACHED: Flag<ServerFlagKey> = {
  key: 'detached',
  long: '--detached',
  group: GROUP,
  help: 'with session: it leads a process session already, as under setsid',
};
const JSON_FLAG: Flag<ServerFlagKey> = {
  key: 'json',
  long: '--json',
  group: GROUP,
  help: 'with ls, and with router --status: for programs',
};

/** Flags that every subcommand takes, and none at all. */
export const COMMON_SERVER_FLAGS: readonly Flag<ServerFlagKey>[] = [
  { key: 'version', short: '-V', long: '--version', group: GROUP, help: 'print the version' },
  { key: 'help', short: '-h', long: '--help', group: GROUP, help: 'print this' },
];

/** The flags of `etserver router`. They take values, and have a parser of their own, `router-words.ts`. */
export const ROUTER_FLAGS: readonly Flag<ServerFlagKey>[] = [
  {
    key: 'port',
    short: '-p',
    long: '--port',
    argument: 'PORT',
    group: ROUTER_GROUP,
    help: 'where clients come to (default: 2022)',
  },
  {
    key: 'bind',
    long: '--bind',
    argument: 'ADDRESS',
    group: ROUTER_GROUP,
    help: 'address to listen on; may be repeated (default: all)',
  },
  {
    key: 'no-udp',
    long: '--no-udp',
    group: ROUTER_GROUP,
    help: 'take TCP alone, and no datagrams on the same port',
  },
  {
    key: 'socket',
    long: '--socket',
    argument: 'PATH',
    group: ROUTER_GROUP,
    help: 'where session servers come to (default: $EVERTERM_ROUTER_SOCKET, or /run/everterm/router.sock)',
  },
  {
    key: 'allow-forward-to',
    long: '--allow-forward-to',
    argument: 'HOST[:PORTS],...',
    group: ROUTER_GROUP,
    help: "be a jump host: hand clients on to these hosts' routers, by name (* in it is any part), address or range, IPv6 in brackets (default: none; ports: 2022)",
  },
  {
    key: 'status',
    long: '--status',
    group: ROUTER_GROUP,
    help: 'say how many session servers and links the router that runs has',
  },
  JSON_FLAG,
];

export const SUBCOMMANDS: readonly Subcommand[] = [
  {
    name: 'router',
    operands: '',
    flags: ROUTER_FLAGS,
    audience: 'person',
    help: 'one port for all sessions of this machine; also without the word',
  },
  {
    name: 'ls',
    operands: '',
    flags: [JSON_FLAG],
    audience: 'person',
    help: 'list your sessions on this machine',
  },
  {
    name: 'kill',
    operands: 'NAME|ID... | --all',
    flags: [ALL],
    audience: 'person',
    help: 'end sessions of yours; the beginning of an id is enough',
  },
  {
    name: 'detach',
    operands: 'NAME|ID',
    flags: [],
    audience: 'person',
    help: 'have the client of a session leave it; what runs there goes on',
  },
  {
    name: 'session',
    operands: '',
    flags: [DETACHED],
    audience: 'program',
    help: 'serve one session: the request on standard input, the reply on standard output',
  },
  {
    name: 'connect',
    operands: 'ID',
    flags: [],
    audience: 'program',
    help: 'carry a client over standard input and output to a session',
  },
  {
    name: 'alive',
    operands: 'ID',
    flags: [],
    audience: 'program',
    help: 'say whether a session is there',
  },
];

/** Every flag of `etserver`, in the order of `--help`. */
export const SERVER_FLAGS: readonly Flag<ServerFlagKey>[] = [
  ...new Set(SUBCOMMANDS.flatMap(({ flags }) => flags)),
  ...COMMON_SERVER_FLAGS,
];

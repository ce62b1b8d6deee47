import type { Flag } from '../../base/flag.ts';

export type ServerFlagKey = 'all' | 'detached' | 'help' | 'json' | 'version';

/** A subcommand of `etserver`. */
export interface Subcommand {
  readonly name: 'session' | 'connect' | 'alive' | 'ls' | 'kill';
  /** Its operands, as `ID`. */
  readonly operands: string;
  readonly flags: readonly Flag<ServerFlagKey>[];
  /** Who types it: a person, or only `et`. */
  readonly audience: 'person' | 'program';
  readonly help: string;
}

const GROUP = 'Options';

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
  help: 'with ls: for programs',
};

/** Flags that every subcommand takes, and none at all. */
export const COMMON_SERVER_FLAGS: readonly Flag<ServerFlagKey>[] = [
  { key: 'version', short: '-V', long: '--version', group: GROUP, help: 'print the version' },
  { key: 'help', short: '-h', long: '--help', group: GROUP, help: 'print this' },
];

export const SUBCOMMANDS: readonly Subcommand[] = [
  {
    name: 'ls',
    operands: '',
    flags: [JSON_FLAG],
    audience: 'person',
    help: 'list your sessions on this machine',
  },
  {
    name: 'kill',
    operands: 'ID... | --all',
    flags: [ALL],
    audience: 'person',
    help: 'end sessions of yours; the beginning of an id is enough',
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
  ...SUBCOMMANDS.flatMap(({ flags }) => flags),
  ...COMMON_SERVER_FLAGS,
];

import type { SshConfig } from '../../bootstrap/ssh-config.ts';
import type { ConfigKey } from '../../config/config-value.ts';
import { ROUTER_PORT } from '../../wire/limits.ts';
import { DEFAULT_UDP_IDLE_SECONDS } from './forward-flags.ts';
import type { ClientFlagKey } from './option-table.ts';
import { DEFAULT_SERVER_PORT } from './server-port.ts';

/** A flag that a file or a variable can give too. Its own parser reads the value, wherever that comes from. */
export interface ClientKey extends ConfigKey {
  /** Of the flag, and in files; `EVERTERM_` and the same in capitals is the variable. */
  readonly name: ClientFlagKey;
  /** What it is where nobody says; absent where no value says that. */
  readonly default?: string;
  /** What happens where nobody says, in words. */
  readonly otherwise?: string;
  /** Typed, these say the contrary. */
  readonly unless?: readonly ClientFlagKey[];
  /** What ssh_config says, which comes before the default: the keyword, and its values in our words, none for its own default. */
  readonly ssh?: {
    readonly keyword: string;
    readonly of: (config: SshConfig) => readonly string[];
  };
}

/** Every key, in the order of docs/config.example.toml. */
export const CLIENT_KEYS: readonly ClientKey[] = [
  {
    name: 'via',
    kind: 'text',
    otherwise: 'straight to the session server where that works, by UDP or TCP, else through ssh',
  },
  { name: 'from', kind: 'list' },
  { name: 'standby', kind: 'switch', default: 'false' },
  { name: 'pad', kind: 'amount', otherwise: 'datagrams are as long as what they carry' },
  { name: 'jumphost', kind: 'text', otherwise: 'none' },
  { name: 'jport', kind: 'amount', default: String(ROUTER_PORT) },
  { name: 'port', kind: 'amount', default: DEFAULT_SERVER_PORT },
  { name: 'bind', kind: 'text', otherwise: 'all addresses' },
  { name: 'server-path', kind: 'text', otherwise: 'it is looked for' },
  {
    name: 'ssh',
    kind: 'text',
    otherwise: 'ssh, or builtin where there is none',
  },
  {
    name: 'fallback',
    kind: 'text',
    otherwise: 'ssh for a command without a terminal, else none',
  },
  { name: 'grace', kind: 'amount', default: 'never' },
  { name: 'history', kind: 'amount', default: '256M' },
  { name: 'backlog', kind: 'text', otherwise: 'live on a terminal, else replay' },
  {
    name: 'keepalive',
    kind: 'amount',
    otherwise: 'ever more rarely, up to 64 seconds',
    ssh: {
      keyword: 'ServerAliveInterval',
      of: ({ serverAliveIntervalSeconds: seconds }) => (seconds === 0 ? [] : [String(seconds)]),
    },
  },
  {
    name: 'escape-char',
    kind: 'text',
    default: '~',
    ssh: {
      keyword: 'EscapeChar',
      of: ({ escapeChar }) => (escapeChar === '~' ? [] : [escapeChar]),
    },
  },
  { name: 'udp-idle', kind: 'amount', default: String(DEFAULT_UDP_IDLE_SECONDS) },
  {
    name: 'local-forward',
    kind: 'additions',
    ssh: { keyword: 'LocalForward', of: ({ localForwards }) => localForwards },
  },
  {
    name: 'remote-forward',
    kind: 'additions',
    ssh: { keyword: 'RemoteForward', of: ({ remoteForwards }) => remoteForwards },
  },
  {
    name: 'dynamic-forward',
    kind: 'additions',
    ssh: { keyword: 'DynamicForward', of: ({ dynamicForwards }) => dynamicForwards },
  },
  { name: 'http-proxy', kind: 'additions' },
  { name: 'tunnel', kind: 'additions' },
  { name: 'reverse-tunnel', kind: 'additions' },
  { name: 'udp', kind: 'additions' },
  { name: 'udp-reverse', kind: 'additions' },
  { name: 'log', kind: 'path', otherwise: 'standard error' },
  { name: 'verbose', kind: 'level', default: '0' },
  { name: 'quiet', kind: 'switch', default: 'false', unless: ['verbose'] },
];

/** The variable of the environment that says what `name` is: `EVERTERM_SERVER_PATH`. */
export function variableOf(name: string): string {
  return `EVERTERM_${name.toUpperCase().replaceAll('-', '_')}`;
}

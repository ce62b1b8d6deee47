import { usageError } from '../../base/usage-error.ts';
import type { Endpoint } from '../../forward/endpoint.ts';
import type { ForwardSpec } from '../../forward/forward-spec.ts';
import { parseHttpProxy } from '../../forward/parse-http-proxy.ts';
import {
  parseDynamicForward,
  parseLocalForward,
  parseRemoteForward,
  parseStdioForward,
} from '../../forward/parse-ssh-forward.ts';
import { parseTunnels } from '../../forward/parse-tunnel.ts';
import { parseUdpForward } from '../../forward/parse-udp-forward.ts';
import type { GivenFlags } from './given-flags.ts';
import type { ClientFlagKey } from './option-table.ts';
import type { Occurrence } from './read-arguments.ts';

/** A forward as it was typed. */
export type TypedForward = Occurrence<ClientFlagKey>;

/** What the command line says about forwards. */
export interface ForwardFlags {
  readonly typed: readonly TypedForward[];
  /** `-A` or `-a`, whichever is last; `undefined`: as ssh_config says. */
  readonly agent: boolean | undefined;
  /** `--ssh-socket`: the agent to forward; `undefined`: that of SSH_AUTH_SOCK. */
  readonly agentSocket: string | undefined;
  /** `-g`: a port without a bind address is open to other machines. */
  readonly gatewayPorts: boolean;
  /** How long a flow of datagrams may be silent, in seconds. */
  readonly udpIdleSeconds: number;
}

export const DEFAULT_UDP_IDLE_SECONDS = 60;
const MAX_UDP_IDLE_SECONDS = 86_400;

type Read = (value: string, gatewayPorts: boolean) => readonly ForwardSpec[];

/** Every flag that asks for a forward. */
const READERS: Partial<Record<ClientFlagKey, Read>> = {
  'local-forward': (value, gatewayPorts) => [parseLocalForward(value, '-L', { gatewayPorts })],
  'remote-forward': (value) => [parseRemoteForward(value, '-R')],
  'dynamic-forward': (value, gatewayPorts) => [parseDynamicForward(value, '-D', { gatewayPorts })],
  tunnel: (value) => parseTunnels(tunnelOf(value), 'local', '-t'),
  'reverse-tunnel': (value) => parseTunnels(value, 'remote', '-r'),
  udp: (value) => [parseUdpForward(value, 'udp', '-U')],
  'udp-reverse': (value) => [parseUdpForward(value, 'udp-reverse', '--udp-reverse')],
  'http-proxy': (value) => [parseHttpProxy(value, '--http-proxy')],
};

/** The keys of the flags that ask for a forward. */
export const FORWARD_KEYS = Object.keys(READERS) as readonly ClientFlagKey[];

/** Reads forwards as they were typed. @throws {EtError} ET_ERR_USAGE */
export function specsOf(typed: readonly TypedForward[], gatewayPorts: boolean): ForwardSpec[] {
  return typed.flatMap(({ key, value }) => READERS[key]?.(value, gatewayPorts) ?? []);
}

/** @throws {EtError} ET_ERR_USAGE for one that cannot be read */
export function forwardFlags(given: GivenFlags): ForwardFlags {
  const typed = given.among(FORWARD_KEYS).filter((each) => !isHalfOfTty(each));
  specsOf(typed, false);
  return {
    typed,
    agent: agentOf(given),
    agentSocket: given.value('ssh-socket', parseSocket),
    gatewayPorts: given.has('gateway-ports'),
    udpIdleSeconds: given.value('udp-idle', parseIdle) ?? DEFAULT_UDP_IDLE_SECONDS,
  };
}

/** `-W host:port`. */
export function stdioTarget(given: GivenFlags): Endpoint | undefined {
  return given.value('stdio-forward', (text) => parseStdioForward(text, '-W'));
}

/** `-t` has a value here, so that ssh's `-tt`, and `-t -t`, come as a tunnel called `t`. */
export function isHalfOfTty({ key, value }: TypedForward): boolean {
  return key === 'tunnel' && /^-?t+$/u.test(value);
}

/** ssh's `-t` has no value, and has swallowed the host. */
function tunnelOf(value: string): string {
  if (value.includes(':')) return value;
  throw usageError(
    `-t ${JSON.stringify(value)}: -t is a tunnel here, as in Eternal Terminal: -t 8080:80; for a terminal, as with -t in ssh, write --tty or -tt`,
  );
}

function agentOf(given: GivenFlags): boolean | undefined {
  const last = given.last('agent', 'forward-agent', 'no-agent', 'ssh-socket');
  return last === undefined ? undefined : last.key !== 'no-agent';
}

function parseSocket(text: string): string {
  if (/^\/[^\p{Cc}]*$/u.test(text)) return text;
  throw usageError(
    `--ssh-socket ${JSON.stringify(text)}: the path of the agent's socket, as in --ssh-socket "$SSH_AUTH_SOCK"`,
  );
}

function parseIdle(text: string): number {
  const seconds = /^\d{1,5}$/u.test(text) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= MAX_UDP_IDLE_SECONDS) return seconds;
  throw usageError(`--udp-idle ${JSON.stringify(text)}: seconds within 1-${MAX_UDP_IDLE_SECONDS}`);
}

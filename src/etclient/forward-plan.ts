import { configForwards, type ForwardsOfSshConfig } from '../forward/config-forwards.ts';
import type { ForwardSpec } from '../forward/forward-spec.ts';
import { permitRemoteOpen } from '../forward/permit-remote-open.ts';
import type { PermitRemoteOpen } from '../forward/socks-answer.ts';
import { type ForwardFlags, specsOf } from './cli/forward-flags.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** All that a client has to forward, from its flags and from ssh_config. */
export interface ForwardPlan {
  readonly specs: readonly ForwardSpec[];
  /** ExitOnForwardFailure: a forward that cannot listen ends the client. */
  readonly exitOnFailure: boolean;
  /** GatewayPorts, for those that are added later: a port without a bind is one of all addresses. */
  readonly gatewayPorts: boolean;
  readonly udpIdleMs: number;
  readonly permitRemoteOpen: PermitRemoteOpen;
  readonly problems: readonly string[];
}

/** Puts flags and ssh_config together as ssh does: both count, and ClearAllForwardings clears both. */
export function planForwards(
  flags: ForwardFlags,
  config: ForwardsOfSshConfig | undefined,
  environment: Environment,
  hasPrograms: boolean,
): ForwardPlan {
  const configured = config === undefined ? undefined : configForwards(config);
  const gatewayPorts = flags.gatewayPorts || configured?.gatewayPorts === true;
  const typed = specsOf(flags.typed, gatewayPorts);
  const agent = hasPrograms ? agentOf(flags, configured?.agent, environment) : undefined;
  const problems = [...(configured?.problems ?? [])];
  if (agent === '') problems.push('no agent to forward: SSH_AUTH_SOCK is not set here');
  const specs = configured?.isCleared === true ? [] : [...typed, ...(configured?.specs ?? [])];
  return {
    specs: agent === undefined || agent === '' ? specs : [agentSpec(agent), ...specs],
    exitOnFailure: configured?.exitOnFailure === true,
    gatewayPorts,
    udpIdleMs: flags.udpIdleSeconds * 1000,
    permitRemoteOpen: permitRemoteOpen(config?.values.get('permitremoteopen')?.[0]),
    problems,
  };
}

/** The agent's socket; empty where one was asked for by a flag and there is none; `undefined` where none is forwarded. */
function agentOf(
  flags: ForwardFlags,
  configured: string | undefined,
  environment: Environment,
): string | undefined {
  if (flags.agent === false) return undefined;
  const own = environment['SSH_AUTH_SOCK'];
  if (flags.agentSocket !== undefined) return flags.agentSocket;
  if (flags.agent === true) return own ?? '';
  if (configured === undefined) return undefined;
  if (configured.startsWith('$')) return environment[configured.slice(1)];
  return configured === '' ? own : configured;
}

function agentSpec(path: string): ForwardSpec {
  const listen = { kind: 'variable', name: 'SSH_AUTH_SOCK' } as const;
  return { kind: 'remote', listen, target: { kind: 'unix', path }, source: 'the agent' };
}

import { roadsIn } from '../backed/dial-plan.ts';
import { printable } from '../base/printable.ts';
import type { SshConfig } from '../bootstrap/ssh-config.ts';
import { ownAddresses } from '../link/own-addresses.ts';
import { formatEndpoint } from '../link/plain-address.ts';
import { destinationOf } from './begin-session.ts';
import { type Experience, heedExperience } from './choose-plan.ts';
import type { ConnectCommand } from './cli/client-command.ts';
import type { ClientDeps } from './client-deps.ts';
import { explainPlan } from './explain-plan.ts';
import { networkKey } from './network-key.ts';
import { formatRoad, type Road } from './road.ts';
import { roadMeans } from './road-means.ts';
import type { HostRecord } from './road-records.ts';
import { RoadStore, roadStorePath } from './road-store.ts';
import { isBehindProxy, planFor } from './session-roads.ts';

type ExplainDeps = Pick<
  ClientDeps,
  'clock' | 'random' | 'logger' | 'interfaces' | 'environment' | 'home'
>;

/** What `et --explain` prints. Nothing is dialled; all it asks is ssh, for its configuration. */
export function explain(
  deps: ExplainDeps,
  command: ConnectCommand,
  config: SshConfig | undefined,
): string {
  const means = roadMeans(deps, command, config?.hostName ?? command.destination.host);
  const path = roadStorePath(deps.environment, deps.home);
  const record = new RoadStore(path, deps.random, deps.logger).find(destinationOf(command));
  const here = networkKey(deps.interfaces());
  const experience = record?.networks.find(({ network }) => network === here);
  const chosen = planFor(command, config, means, { hasPort: true, hasUdp: true });
  const plan = command.via === undefined ? heedExperience(chosen, experience) : chosen;
  const facts = {
    targetOf: (road: Road) => targetOf(road, command, config),
    reasonOf: (road: Road) => reasonOf(road, command, config, experience),
  };
  const hasSsh = roadsIn(plan).some(({ kind }) => kind === 'ssh');
  const lines = [
    ...explainPlan(plan, facts),
    '',
    ...notesOf(hasSsh, record),
    ...fromLines(deps, command),
  ];
  return `${lines.map(printable).join('\n')}\n`;
}

function targetOf(
  road: Road,
  { destination }: ConnectCommand,
  config: SshConfig | undefined,
): string {
  const host = config?.hostName ?? destination.host;
  const named = host === destination.host ? host : `${host} (HostName)`;
  switch (road.kind) {
    case 'udp':
    case 'tcp':
      return `${named}, the session's port${road.from === undefined ? '' : `, from ${road.from}`}`;
    case 'udp-to':
    case 'tcp-to':
      return road.port === undefined
        ? `${road.host}, the session's port`
        : formatEndpoint(road.host, road.port);
    case 'ssh':
      return `${destination.host}, as ssh does`;
    case 'web-socket':
      return road.url;
    case 'proxy':
      return `${named}, the session's port, through the proxy`;
    case 'jump':
      return `${named}, the session's port, through the jump host's router`;
  }
}

function reasonOf(
  road: Road,
  command: ConnectCommand,
  config: SshConfig | undefined,
  experience: Experience | undefined,
): string {
  const name = formatRoad(road);
  const reasons = [command.via === undefined ? ownReason(road, command, config) : '--via says so'];
  if (experience?.worked === name) reasons.push('it worked here last time');
  if (experience?.failed.includes(name) === true) reasons.push('it failed here last time');
  return reasons.join('; ');
}

function ownReason(road: Road, command: ConnectCommand, config: SshConfig | undefined): string {
  switch (road.kind) {
    case 'udp':
    case 'udp-to':
      return 'it is the best where it works';
    case 'tcp':
    case 'tcp-to':
      return 'it works where UDP is blocked';
    case 'proxy':
      return 'the environment names a proxy';
    case 'jump':
      return '--jumphost names a router';
    case 'web-socket':
      return 'it works where only the web does';
    case 'ssh':
      if (!isBehindProxy(command, config)) return 'it works wherever ssh does';
      return config?.proxyCommand === undefined
        ? 'the host is behind a ProxyJump'
        : 'the host is behind a ProxyCommand';
  }
}

function notesOf(hasSsh: boolean, record: HostRecord | undefined): string[] {
  const start = hasSsh
    ? 'The ssh that starts the session carries it, until the best road that answers takes over.'
    : 'The ssh that starts the session ends at once.';
  const last =
    record === undefined
      ? 'The port is known when the session has begun.'
      : record.port === 0
        ? "The port is known when the session has begun; the last session's server listened on none."
        : `The port is known when the session has begun; the last time it was ${record.port}.`;
  return [start, last];
}

function fromLines({ interfaces }: ExplainDeps, { from }: ConnectCommand): string[] {
  return from.map((place) => {
    const addresses = ownAddresses(place, interfaces());
    const now = addresses.length === 0 ? 'which has no address now' : addresses.join(', ');
    return `UDP and TCP leave from ${place}${addresses[0] === place ? '' : `: ${now}`}; ssh from where its BindAddress says.`;
  });
}

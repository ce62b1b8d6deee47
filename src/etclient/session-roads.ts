import { roadsIn } from '../backed/dial-plan.ts';
import type { LinkDialOptions } from '../backed/link-dial.ts';
import { toHex } from '../base/bytes.ts';
import type { EtError } from '../base/errors.ts';
import type { SshConfig } from '../bootstrap/ssh-config.ts';
import { ipFamily } from '../link/ip-family.ts';
import { destinationOf, type Server, type SshAccess } from './begin-session.ts';
import { choosePlan, type RoadOffer } from './choose-plan.ts';
import type { ConnectCommand } from './cli/client-command.ts';
import type { ClientDeps } from './client-deps.ts';
import { networkKey } from './network-key.ts';
import { parseDialPlan } from './parse-dial-plan.ts';
import type { RoadsPlan } from './road.ts';
import { type RoadMeans, roadDials } from './road-dials.ts';
import { roadMeans } from './road-means.ts';
import { RoadMemory } from './road-memory.ts';
import { planRoads, type RoadPlan } from './road-plan.ts';
import { RoadStore, roadStorePath } from './road-store.ts';
import { sshDial } from './ssh-road.ts';

/** The ways to one session. */
export interface SessionRoads {
  readonly plan: RoadPlan;
  /** The ssh that started the session may carry it. */
  readonly hasSsh: boolean;
  /** Call it at the end. */
  readonly memory: RoadMemory;
}

/** What the roads ask of a session's other parts, and tell them. */
export interface RoadHooks {
  /** A forward of ours listens there. */
  readonly isOwnPort: (port: number) => boolean;
  readonly onRoadFailed: (error: EtError) => void;
}

export function sessionRoads(
  deps: ClientDeps,
  command: ConnectCommand,
  ssh: SshAccess,
  server: Server,
  config: SshConfig | undefined,
  link: LinkDialOptions,
  { isOwnPort, onRoadFailed }: RoadHooks,
): SessionRoads {
  const { clock, wallClock } = deps;
  const { host } = command.destination;
  tellAbsent(deps, command);
  const means = roadMeans(deps, command, config?.hostName ?? host, isOwnPort);
  const plan = planFor(command, config, means, {
    hasPort: server.port !== 0,
    hasUdp: server.udpPort !== 0,
  });
  const sshRoad = sshDial(clock, ssh.runner, host, toHex(server.session), command.serverPath);
  const { port, udpPort } = server;
  const place = { host: config?.hostName ?? host, port, udpPort, ssh: sshRoad };
  const store = new RoadStore(roadStorePath(deps.environment, deps.home), deps.random, deps.logger);
  const network = (): string => networkKey(deps.interfaces());
  const memory = new RoadMemory({ clock, wallClock, store, network }, destinationOf(command), port);
  return {
    plan: planRoads(clock, {
      link,
      dials: roadDials(means, place),
      plan,
      // ssh does not leave from where --from says.
      isSshStraight: !isBehindProxy(command, config) && command.from.length === 0,
      learner: memory,
      onRoadFailed,
      isAdaptive: command.via === undefined,
    }),
    hasSsh: roadsIn(plan).some(({ kind }) => kind === 'ssh'),
    memory,
  };
}

/** An interface may still come, as one that is plugged in. */
function tellAbsent(deps: ClientDeps, { from, quiet }: ConnectCommand): void {
  const interfaces = deps.interfaces();
  for (const place of from) {
    if (quiet || ipFamily(place) !== 0 || Object.hasOwn(interfaces, place)) continue;
    deps.io.say(`et: --from ${place}: there is no such interface now; it is waited for`);
  }
}

/** The user's plan, or ours. */
export function planFor(
  command: ConnectCommand,
  config: SshConfig | undefined,
  means: RoadMeans,
  ports: Pick<RoadOffer, 'hasPort' | 'hasUdp'>,
): RoadsPlan {
  if (command.via !== undefined) return parseDialPlan(command.via);
  return choosePlan({ ...offerOf(command, config, means), ...ports });
}

function offerOf(
  command: ConnectCommand,
  config: SshConfig | undefined,
  means: RoadMeans,
): Omit<RoadOffer, 'hasPort' | 'hasUdp'> {
  return {
    isBehindProxy: isBehindProxy(command, config),
    hasProxy: means.proxy !== undefined,
    hasJump: means.jump !== undefined,
    // With one link at a time it does not matter from where it leaves.
    fromEach: command.hasStandby ? command.from : [],
  };
}

/** Such a host's address is not ours to dial: UDP and TCP are tried, and not waited for. */
export function isBehindProxy(command: ConnectCommand, config: SshConfig | undefined): boolean {
  return (
    config?.proxyJump !== undefined ||
    config?.proxyCommand !== undefined ||
    command.ssh.jump !== undefined
  );
}

import { networkInterfaces } from 'node:os';
import type { Clock } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { RandomSource } from '../base/random.ts';
import { routeIdOf } from '../crypto/route-id.ts';
import { Connector, streamSockets } from '../forward/connector.ts';
import type { OpenPolicy } from '../forward/open-policy.ts';
import { SocketFactory } from '../link/socket-factory.ts';
import { unixDial } from '../link/unix-dial.ts';
import { webSocketEntrance } from '../link/websocket-entrance.ts';
import { askSession } from '../registry/ask-session.ts';
import { activatedSockets } from '../router/activated-sockets.ts';
import type { RouterDeps } from '../router/router.ts';
import { DEFAULT_ROUTER_LIMITS } from '../router/router-limits.ts';
import type { RouterStatus } from '../router/router-status.ts';
import { type RunningRouter, runRouter } from '../router/run-router.ts';
import { sourceOf } from '../router/source-of.ts';
import { isJsonObject } from '../wire/json-members.ts';
import type { RouterCommand } from './cli/router-words.ts';

export interface StartRouterDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly logger: Logger;
  readonly command: Extract<RouterCommand, { kind: 'router' }> & { readonly socket: string };
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly ownUid: number;
  readonly version: string;
  /** It cannot go on. */
  readonly onLost: () => void;
}

/** `etserver router`: listens, until it is told to end. */
export async function startRouter(deps: StartRouterDeps): Promise<RunningRouter> {
  const { clock, logger, command, environment, pid } = deps;
  const { forwardTo, port, bind, socket, hasUdp } = command;
  return await runRouter({
    ...deps,
    port,
    bind,
    socket,
    hasUdp,
    interfaces: networkInterfaces,
    limits: DEFAULT_ROUTER_LIMITS,
    routeIdOf,
    reach: forwardTo && reachWithin(clock, forwardTo),
    makeWebSockets: (onConnection) =>
      webSocketEntrance({
        clock,
        log: logger,
        // Only a web server of this machine is believed for whom it asks.
        onConnection: (stream, { address, forwardedFor }) =>
          onConnection(stream, (sourceOf(address) === undefined && forwardedFor) || address),
      }),
    activated: activatedSockets(environment, pid),
  });
}

/** Connects to hosts that `permitted` names, by name and again by each address that is dialled. */
function reachWithin(clock: Clock, permitted: OpenPolicy): RouterDeps['reach'] {
  const connector = new Connector(clock, streamSockets(), permitted);
  return (target, signal) => connector.connect({ kind: 'tcp', ...target }, signal);
}

/** `etserver router --status`. @throws {EtError} ET_ERR_STATE where no router answers */
export async function routerStatus(
  clock: Clock,
  socket: string,
  json: boolean,
  print: (text: string) => void,
): Promise<number> {
  const dial = unixDial(clock, new SocketFactory(clock, 4096), socket);
  const answer = await askSession(clock, dial, 'status');
  if (answer.kind !== 'answer' || !isJsonObject(answer.value)) {
    throw new EtError('ET_ERR_STATE', `no router answers on ${socket}`, {
      advice: 'start one with etserver router',
    });
  }
  const status = answer.value as unknown as RouterStatus;
  print(json ? `${JSON.stringify(status)}\n` : formatStatus(status));
  return 0;
}

function formatStatus(status: RouterStatus): string {
  const { servers, routes, links, limits, waiting, parked, unproven } = status;
  const rows: readonly (readonly [string, string])[] = [
    ['version', status.version],
    ['port', String(status.port)],
    ['up for', `${status.uptimeSeconds} s`],
    ['session servers', `${servers} of ${limits.servers}`],
    ['routes', `${routes} of ${limits.routes}`],
    ['links', `${links} of ${limits.joined}`],
    ['waiting', `${waiting} of ${limits.incomplete}, ${parked} for a session server`],
    ['local, unproven', String(unproven)],
    ...datagramRows(status.datagrams, limits),
  ];
  return rows.map(([name, value]) => `${name.padEnd(17)}${value}\n`).join('');
}

function datagramRows(
  datagrams: RouterStatus['datagrams'],
  limits: RouterStatus['limits'],
): readonly (readonly [string, string])[] {
  if (datagrams === undefined) return [['udp', 'no']];
  const { links, addresses, toServers, toClients, dropped, strange } = datagrams;
  return [
    ['udp links', `${links} of ${limits.linkIds}`],
    ['udp addresses', `${addresses} of ${limits.ways}`],
    [
      'udp datagrams',
      `${toServers} in, ${toClients} out, ${dropped} dropped, ${strange} of strangers`,
    ],
  ];
}

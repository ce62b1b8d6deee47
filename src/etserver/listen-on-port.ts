import type { Listener, ListenerDeps, ListenerEvents } from '../link/listener.ts';
import { listenTcp, type PortRange } from '../link/tcp-listener.ts';
import { UdpSockets, type UdpSocketsDeps, type UdpSocketsEvents } from '../link/udp-sockets.ts';

/** Where the system chooses the port, it may choose one that is taken for UDP. */
const MAX_CHOICES = 8;

/** What listens on one port. */
export interface OnPort {
  readonly tcp: Listener;
  readonly udp: UdpSockets | undefined;
}

/**
 * Listens on the first port of `range` that is free for TCP and for UDP; where there is none for both, for TCP alone. `bind`: one address of
 * ours, or '' for all. Rejects with ET_ERR_STATE when there is none for TCP, or the address is not ours.
 */
export async function listenOnPort(
  deps: ListenerDeps & UdpSocketsDeps,
  bind: string,
  range: PortRange,
  events: ListenerEvents & UdpSocketsEvents,
): Promise<OnPort> {
  let { first } = range;
  for (let choices = 0; first <= range.last && (first > 0 || choices < MAX_CHOICES); choices += 1) {
    const tcp = await listenTcp(deps, [bind], { first, last: range.last }, events);
    const udp = await UdpSockets.open(deps, bind, tcp.port, events);
    if (udp !== 'taken') return { tcp, udp };
    await tcp.close();
    if (first > 0) first = tcp.port + 1;
  }
  return { tcp: await listenTcp(deps, [bind], range, events), udp: undefined };
}

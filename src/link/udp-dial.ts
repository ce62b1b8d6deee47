import type { Clock } from '../base/clock.ts';
import type { Dial } from './carrier.ts';
import { DatagramSocket } from './datagram-socket.ts';
import {
  attemptFailedBy,
  attemptTimedOut,
  attemptWithoutAddress,
  type DialAttempt,
  DialFailure,
} from './dial-failure.ts';
import type { AddressFamily, HostResolver } from './host-resolver.ts';
import { ipFamily } from './ip-family.ts';
import { PeerSearch } from './peer-search.ts';
import { formatEndpoint } from './plain-address.ts';
import { UdpCarrier, type UdpSource } from './udp-carrier.ts';

export interface UdpDialDeps {
  readonly clock: Clock;
  readonly resolver: Pick<HostResolver, 'resolve' | 'remembered'>;
  /** The largest datagram worth trying to an address, in bytes. */
  readonly sizeFor: (address: string) => number;
}

/** Where to, and from where. */
export interface UdpTarget {
  /** A name or an address. */
  readonly host: string;
  readonly port: number;
  /** Addresses of ours to leave from, asked for at each dial; without it the kernel picks one for each datagram. */
  readonly sources?: (() => readonly string[]) | undefined;
  /** Why there may be none of them: `wlan0 has no address`. */
  readonly nowhere?: string | undefined;
  /** Only this family (`-4`, `-6`). */
  readonly family?: AddressFamily | undefined;
}

/** All addresses of a family, which the kernel chooses among. */
const UNBOUND: readonly string[] = ['::', '0.0.0.0'];

/**
 * A dial of UDP. It gives a carrier as soon as there is an address to send to: whether somebody is there the handshake finds out, at one
 * address after the other. Rejects with a `DialFailure`.
 */
export function udpDial(deps: UdpDialDeps, target: UdpTarget): Dial {
  return async (signal) => {
    const { host, port } = target;
    const carrier = new UdpCarrier(port, deps.sizeFor);
    carrier.leaveFrom(await openSources(carrier, target));
    const search = new PeerSearch(deps, host, carrier.families, carrier);
    const stop = (): void => search.stop();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const startedMs = deps.clock.now();
    const outcome = await search.outcome;
    signal.removeEventListener('abort', stop);
    if (outcome.kind === 'found') return carrier;
    carrier.reset();
    throw new DialFailure([
      outcome.kind === 'none'
        ? attemptWithoutAddress(host, outcome.cause)
        : attemptTimedOut(`dns ${host}`, deps.clock.now() - startedMs),
    ]);
  };
}

/** @throws {DialFailure} where there is none */
async function openSources(carrier: UdpCarrier, target: UdpTarget): Promise<readonly UdpSource[]> {
  const { host, port } = target;
  const label = `udp ${formatEndpoint(host, port)}`;
  const only = target.family ?? (ipFamily(host) || undefined);
  const sources = target.sources?.() ?? UNBOUND;
  const failed: DialAttempt[] = [];
  const opened: UdpSource[] = [];
  if (sources.length === 0) {
    const what = `cannot leave: ${target.nowhere ?? 'there is no address'}`;
    failed.push({ target: label, kind: 'no-route', what });
  }
  for (const address of sources) {
    const family = ipFamily(address) === 6 ? 6 : 4;
    if (only !== undefined && only !== family) {
      failed.push({ target: label, kind: 'no-route', what: `cannot be reached from ${address}` });
      continue;
    }
    try {
      opened.push({ family, socket: await openSource(carrier, family, address) });
    } catch (error) {
      failed.push(attemptFailedBy(`${label} from ${address}`, error));
    }
  }
  if (opened.length === 0) throw new DialFailure(failed);
  return opened;
}

async function openSource(
  carrier: UdpCarrier,
  family: 4 | 6,
  address: string,
): Promise<DatagramSocket> {
  const socket = await DatagramSocket.open(family, address, 0, {
    onDatagram: (bytes, from) => carrier.receive(socket, bytes, from),
  });
  return socket;
}

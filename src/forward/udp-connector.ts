import type { Clock, Timer } from '../base/clock.ts';
import { attemptFailedBy, type DialAttempt, DialFailure } from '../link/dial-failure.ts';
import type { AddressFamily } from '../link/host-resolver.ts';
import { HostResolver } from '../link/host-resolver.ts';
import { ipFamily } from '../link/ip-family.ts';
import { formatEndpoint } from '../link/plain-address.ts';
import { REASON } from '../wire/messages.ts';
import { type AddressFilter, filterFor } from './address-filter.ts';
import { addressForSocket } from './address-range.ts';
import { ConnectFailure, connectFailureOf } from './connect-failure.ts';
import type { Endpoint } from './endpoint.ts';
import type { OpenPolicy } from './open-policy.ts';
import { UdpSocket, type UdpSocketEvents } from './udp-socket.ts';

/** A name that is not resolved by then is given up, in milliseconds. */
const RESOLVE_TIMEOUT_MS = 30_000;
/** How long the IPv4 addresses of a name wait for those of the other family, which are tried after them. */
const OTHER_FAMILY_MS = 50;

/** A host and a port for datagrams. */
export type UdpTargetPlace = Extract<Endpoint, { kind: 'tcp' }>;

/**
 * Makes sockets to targets, if the policy has nothing against what their names resolve to.
 *
 * Of several addresses it takes the first that the system has a way to, IPv4 first: nothing ever says that a datagram has got
 * nowhere, and more services answer on IPv4 alone than on IPv6 alone.
 */
export class UdpConnector {
  readonly #clock: Clock;
  readonly #policy: OpenPolicy;
  readonly #resolver: HostResolver;

  constructor(clock: Clock, policy: OpenPolicy, resolver: HostResolver = new HostResolver()) {
    this.#clock = clock;
    this.#policy = policy;
    this.#resolver = resolver;
  }

  /** Rejects with a ConnectFailure. */
  async connect(target: UdpTargetPlace, events: UdpSocketEvents): Promise<UdpSocket> {
    const filter = filterFor(this.#policy, this.#resolver, target);
    const failed: DialAttempt[] = [];
    for (const found of await this.#addressesOf(target, filter)) {
      const address = addressForSocket(found);
      const socket = new UdpSocket(address, events);
      try {
        await socket.connect({ address, port: target.port });
        return socket;
      } catch (error) {
        failed.push(attemptFailedBy(`udp ${formatEndpoint(address, target.port)}`, error));
      }
    }
    throw connectFailureOf(target, new DialFailure(failed));
  }

  /** Those that are permitted, at least one. */
  async #addressesOf(target: UdpTargetPlace, filter: AddressFilter): Promise<readonly string[]> {
    const { host } = target;
    if (ipFamily(host) !== 0) return [host];
    const found = await this.#within(RESOLVE_TIMEOUT_MS, this.#bothFamilies(host, filter));
    if (found === undefined) {
      throw new ConnectFailure(REASON.failed, `timed out: ${host} is not resolved`);
    }
    if (found.length > 0) return found;
    if (filter.objection !== undefined) {
      throw new ConnectFailure(REASON.notPermitted, filter.objection);
    }
    throw new ConnectFailure(REASON.notFound, `cannot resolve ${host}`);
  }

  async #bothFamilies(host: string, filter: AddressFilter): Promise<readonly string[]> {
    const six = resolved(filter, host, 6);
    const four = await resolved(filter, host, 4);
    // An answer that is late, or lost, does not keep the other from being used.
    const others = four.length === 0 ? six : this.#within(OTHER_FAMILY_MS, six);
    return [...four, ...((await others) ?? [])];
  }

  /** `undefined` when it takes longer. */
  #within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
    let timer: Timer | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = this.#clock.schedule(ms, () => resolve(undefined));
    });
    return Promise.race([promise, late]).finally(() => timer?.cancel());
  }
}

/** A name that has no address of a family is no failure while it has one of the other. */
function resolved(
  filter: AddressFilter,
  host: string,
  family: AddressFamily,
): Promise<readonly string[]> {
  return filter.resolve(host, family).catch(() => []);
}

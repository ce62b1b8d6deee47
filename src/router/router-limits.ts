/** What a router gives away at most. Beyond it a connection is reset as soon as it is accepted, or a registration refused. */
export interface RouterLimits {
  /** Connections whose hello is not whole, or whose session server has not taken them yet. */
  readonly incomplete: number;
  /** Of these, from one source: an IPv4 address, or the first 64 bits of an IPv6 one. */
  readonly incompletePerSource: number;
  /** Connections that are joined to a session server, or to another router. */
  readonly joined: number;
  readonly joinedPerSource: number;
  readonly servers: number;
  readonly routes: number;
  /** Ways by which datagrams have come and may be answered, over all session servers. */
  readonly ways: number;
  /** Link ids of datagrams. */
  readonly linkIds: number;
  /** The part of servers, routes, joined connections, ways and link ids that one user of this machine may have. */
  readonly userShare: number;
}

export const DEFAULT_ROUTER_LIMITS: RouterLimits = {
  incomplete: 4096,
  incompletePerSource: 256,
  joined: 16_384,
  joinedPerSource: 1024,
  servers: 8192,
  routes: 65_536,
  ways: 65_536,
  linkIds: 65_536,
  userShare: 0.25,
};

/** After its start a router waits for session servers to come back: so long, in milliseconds. */
export const COLD_START_MS = 5000;
/** Meanwhile a hello for an unknown route waits so long for its session server, in milliseconds. */
export const PARKED_MS = 3000;

/** Numbers of the flows of datagrams. PROTOCOL.md section 8 (udp) lists the same ones; a test compares the two. */

/** A flow through which nothing has passed for this long ends, in milliseconds: `--udp-idle`. Longer than a resolver or a game pauses. */
export const DEFAULT_UDP_IDLE_MS = 60_000;
export const MIN_UDP_IDLE_MS = 1000;
export const MAX_UDP_IDLE_MS = 86_400_000;
/**
 * After this long the end that has the target ends a flow by itself. It is above every `MAX_UDP_IDLE_MS`, so that only a flow which
 * the other end has forgotten comes to it.
 */
export const TARGET_IDLE_MS: number = MAX_UDP_IDLE_MS + 600_000;
/** Flows of one forward; the one that was quiet the longest makes room for another. */
export const MAX_FORWARD_FLOWS = 1024;
/** The same of one association of SOCKS. */
export const MAX_ASSOCIATION_FLOWS = 256;
export const MAX_ASSOCIATIONS = 256;
/** Sockets to targets at one end of a session. */
export const MAX_TARGET_FLOWS = 4096;
/** What waits in one flow for the answer of the other end, in bytes: the oldest goes first. */
export const MAX_WAITING_BYTES = 65_536;

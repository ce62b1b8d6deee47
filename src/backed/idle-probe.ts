import type { SessionLink } from './session-link.ts';

/** The first probe comes this long after the last traffic, then at doubling intervals up to the last. */
const FIRST_PROBE_MS = 1000;
const LAST_PROBE_MS = 64_000;
/** A translator of addresses forgets datagrams sooner (RFC 4787 section 4.3: two minutes, and many do after 30 s). */
const LAST_DATAGRAM_PROBE_MS = 25_000;

/** When an idle session asks whether its link is alive: 1, 2, 4 .. 64 s after it was last heard of, 25 s on datagrams. */
export class IdleProbe {
  #waitMs = FIRST_PROBE_MS;
  /** The longest wait; a user behind a NAT that forgets fast asks for less. */
  maxWaitMs: number = LAST_PROBE_MS;

  /** Something other than a probe was sent or received: the next probe is a short time away again. */
  noteTraffic(): void {
    this.#waitMs = FIRST_PROBE_MS;
  }

  /** A probe is sent. */
  noteProbe(): void {
    this.#waitMs = Math.min(this.#waitMs * 2, this.maxWaitMs);
  }

  /** While something is on its way, its acknowledgement says as much as a probe's. */
  dueMs(link: SessionLink): number {
    if (link.sent.inFlightBytes > 0) return Number.POSITIVE_INFINITY;
    const mostMs = link.secure.kind === 'bytes' ? LAST_PROBE_MS : LAST_DATAGRAM_PROBE_MS;
    return Math.max(link.lastReceivedMs, link.lastSentMs) + Math.min(this.#waitMs, mostMs);
  }
}

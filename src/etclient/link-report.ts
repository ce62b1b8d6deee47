import type { SessionLink } from '../backed/session-link.ts';

/** One link of a session, as `et status` tells of it. */
export interface LinkReport {
  readonly id: number;
  /** As a plan has it: `tcp`, `ssh`. */
  readonly road: string;
  /** `tcp 192.0.2.1:60000`. */
  readonly label: string;
  /** `silent`: nothing comes back; `ending`: another has taken its place. */
  readonly state: 'alive' | 'silent' | 'ending';
  /** Whether the session sends on it. */
  readonly isUsed: boolean;
  /** null before it was measured. */
  readonly rttMs: number | null;
  /** Bytes per second that it was seen to carry. */
  readonly rate: number | null;
  /** Of ours: what the peer has acknowledged, and what is on its way, in bytes of records. */
  readonly deliveredBytes: number;
  readonly inFlightBytes: number;
  /** What was sent again over another link, as this one did not say that it had arrived. */
  readonly lostBytes: number;
  /** Records, each way, in bytes. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Records, each way. */
  readonly recordsSent: number;
  readonly recordsReceived: number;
}

export function linkReport(link: SessionLink, road: string, isUsed: boolean): LinkReport {
  const rttMs = link.rtt.smoothedMs;
  const rate = link.bytesPerMs;
  return {
    id: link.id,
    road,
    label: link.secure.label,
    state: link.isSuspect ? 'silent' : link.isRetired ? 'ending' : 'alive',
    isUsed,
    rttMs: rttMs === undefined ? null : Number(rttMs.toFixed(2)),
    rate: rate === undefined ? null : Math.round(rate * 1000),
    deliveredBytes: link.deliveredBytes,
    inFlightBytes: link.inFlightBytes,
    lostBytes: link.lostBytes,
    sentBytes: link.sentBytes,
    receivedBytes: link.receivedBytes,
    recordsSent: link.sent.next,
    recordsReceived: link.received.next,
  };
}

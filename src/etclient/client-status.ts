import type { ForwardStatus } from '../forward/forward-set.ts';
import type { ClientSession } from './client-session.ts';
import { type LinkReport, linkReport } from './link-report.ts';
import type { HistorySample } from './status-history.ts';

/** A forward, as JSON tells of it: what is not there is null. */
export type ForwardReport = {
  readonly [Key in keyof ForwardStatus]: undefined extends ForwardStatus[Key]
    ? Exclude<ForwardStatus[Key], undefined> | null
    : ForwardStatus[Key];
};

/** What `et status --json` tells of one client. Nothing in it is secret. */
export interface ClientStatus {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** `waiting-for-login`: ssh would have to ask a person before it is known whether the session lives. */
  readonly state: 'starting' | 'connected' | 'reconnecting' | 'waiting-for-login';
  readonly outageSeconds: number;
  readonly link: {
    /** null without a link, as are the next two. */
    readonly label: string | null;
    readonly rttMs: number | null;
    /** Bytes per second that the link was seen to carry. */
    readonly rate: number | null;
    readonly unsentBytes: number;
    readonly unacknowledgedBytes: number;
  };
  /** Every link, the one in use among them. */
  readonly links: readonly LinkReport[];
  /** Why the latest dial of this outage failed; null without one. */
  readonly lastFailure: string | null;
  readonly forwards: readonly ForwardReport[];
  /** The latest ten minutes, a sample each ten seconds, the latest last. */
  readonly history: readonly HistorySample[];
}

/** The session that a client has at the moment. Where it begins another, that one takes its place. */
export interface ControlSubject {
  /** 32 hexadecimal digits. */
  readonly id: string;
  /** As it was typed: `host` or `user@host`; `local` for `--local`. */
  readonly host: string;
  readonly client: Pick<
    ClientSession,
    'session' | 'mux' | 'outageMs' | 'hasBeenUp' | 'onKey' | 'roadOf' | 'lastFailure'
  >;
  /** Whether only a person can find out what became of the session. */
  readonly needsLogin: () => boolean;
  /** Tries what waits for a person. */
  readonly tryLogin: () => void;
  /** Ends the session as SIGTERM does. */
  readonly stop: () => void;
}

export function clientStatus(
  subject: ControlSubject,
  pid: number,
  forwards: readonly ForwardStatus[],
  history: readonly HistorySample[],
): ClientStatus {
  const { id, host, client } = subject;
  const link = client.session.links.best;
  const rate = link?.bytesPerMs;
  return {
    id,
    host,
    pid,
    state: stateOf(subject),
    outageSeconds: rounded((client.outageMs ?? 0) / 1000, 1),
    link: {
      label: link?.secure.label ?? null,
      rttMs: rttOf(subject),
      rate: rate === undefined ? null : Math.round(rate * 1000),
      unsentBytes: client.mux.bufferedBytes,
      unacknowledgedBytes: client.session.unacknowledgedBytes,
    },
    links: [...client.session.links].map((each) =>
      linkReport(each, client.roadOf(each), each === link),
    ),
    lastFailure: client.outageMs === undefined ? null : (client.lastFailure?.message ?? null),
    forwards: forwards.map(forwardReport),
    history,
  };
}

/** The round trip of the link in use, in milliseconds. */
export function rttOf({ client }: ControlSubject): number | null {
  const rttMs = client.session.links.best?.rtt.smoothedMs;
  return rttMs === undefined ? null : rounded(rttMs, 2);
}

export function forwardReport(status: ForwardStatus): ForwardReport {
  const { target = null, lastError = null, ...rest } = status;
  const { kind, listen, ...counts } = rest;
  return { kind, listen, target, ...counts, lastError };
}

function stateOf({ client, needsLogin }: ControlSubject): ClientStatus['state'] {
  if (client.session.links.hasTrusted) return 'connected';
  if (needsLogin()) return 'waiting-for-login';
  return client.hasBeenUp ? 'reconnecting' : 'starting';
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

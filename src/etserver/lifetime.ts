/** How long a session server waits for what, in milliseconds. */
export interface LifetimePolicy {
  /** For a first client. */
  readonly firstClientMs: number;
  /** For an absent client to come back; `undefined`: for ever. */
  readonly graceMs: number | undefined;
  /** For the client's BYE once it has been sent the exit status. */
  readonly statusSentMs: number;
  /** For a client to fetch an exit status that nobody has seen. */
  readonly statusUnseenMs: number;
}

export const DEFAULT_LIFETIME: LifetimePolicy = {
  firstClientMs: 120_000,
  graceMs: undefined,
  statusSentMs: 15 * 60_000,
  statusUnseenMs: 24 * 3_600_000,
};

/**
 *   unattended --- link joined ---> attended <--- link joined --- absent
 *        |                             |  \--- last link lost ---> ^
 *        |                             |
 *        |             any --- shell over ---> status waiting --- status sent ---> status sent
 *        +---> end after firstClientMs         (end after statusUnseenMs)          (end after statusSentMs)
 *
 * `status sent` is `status waiting` again where it turns out that it has not arrived.
 * `absent` ends after graceMs, which is never unless the user set it.
 */
export interface LifetimeState {
  readonly sinceMs: number;
  readonly wasAttended: boolean;
  readonly isAttended: boolean;
  readonly status: 'none' | 'waiting' | 'sent';
}

export type LifetimeEvent =
  | 'link-joined'
  | 'last-link-lost'
  | 'work-over'
  | 'status-sent'
  /** What was handed to the session for the client has not arrived there. */
  | 'status-undelivered';

export function initialLifetime(nowMs: number): LifetimeState {
  return { sinceMs: nowMs, wasAttended: false, isAttended: false, status: 'none' };
}

export function nextLifetime(
  state: LifetimeState,
  event: LifetimeEvent,
  nowMs: number,
): LifetimeState {
  switch (event) {
    case 'link-joined':
      return { ...state, wasAttended: true, isAttended: true, sinceMs: nowMs };
    case 'last-link-lost':
      return {
        ...state,
        isAttended: false,
        sinceMs: state.status === 'none' ? nowMs : state.sinceMs,
      };
    case 'work-over':
      return state.status === 'none' ? { ...state, status: 'waiting', sinceMs: nowMs } : state;
    case 'status-sent':
      return state.status === 'sent' ? state : { ...state, status: 'sent', sinceMs: nowMs };
    case 'status-undelivered':
      return state.status === 'sent' ? { ...state, status: 'waiting' } : state;
  }
}

/** When the server ends unless something happens first; `undefined`: never. */
export function endsAtMs(state: LifetimeState, policy: LifetimePolicy): number | undefined {
  if (state.status === 'sent') return state.sinceMs + policy.statusSentMs;
  if (state.status === 'waiting') return state.sinceMs + policy.statusUnseenMs;
  if (!state.wasAttended) return state.sinceMs + policy.firstClientMs;
  if (state.isAttended || policy.graceMs === undefined) return undefined;
  return state.sinceMs + policy.graceMs;
}

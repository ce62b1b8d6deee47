/** When the client dials, in milliseconds. */
export interface ReconnectPolicy {
  /** Waits before the second and third attempt after a loss. */
  readonly firstWaitsMs: readonly number[];
  /** The wait after a dial beside a suspect link that did not win; doubles up to the next, or `maxWaitMs`. */
  readonly besideWaitMs: number;
  readonly attendedBesideWaitMs: number;
  /** Between attempts while somebody is there. */
  readonly attendedWaitMs: number;
  /** How long after the last key press somebody is taken to be there. */
  readonly attendedForMs: number;
  /** The unattended wait doubles up to this; full jitter. */
  readonly maxWaitMs: number;
  /**
   * An attempt older than this is late, and dropped if it is brief: the kernel repeats a SYN more slowly than people wait.
   * What is late no longer counts: the next attempts come as if it had failed.
   */
  readonly dropAfterMs: number;
  /**
   * A patient attempt older than this is dropped. It takes two round trips, which the server's bounds keep below 10 s each
   * (PROTOCOL.md section 3), and a SYN may have been lost before.
   */
  readonly patientMs: number;
  /** Patient attempts begin this far apart: half of `patientMs`, so that there are two of them at a time. */
  readonly patientApartMs: number;
  /** A key press, an interface or a wake starts an attempt unless one began this recently. */
  readonly minGapMs: number;
  /**
   * And unless this many are dialling that are not late. The server keeps eight handshakes half open and ends the oldest
   * for a ninth: a crowd would be the end of the very attempt that is about to succeed.
   */
  readonly maxNudged: number;
  /** A second link in a row that lived shorter than this and carried nothing was no success. */
  readonly steadyMs: number;
}

export const DEFAULT_RECONNECT: ReconnectPolicy = {
  firstWaitsMs: [250, 500],
  besideWaitMs: 1000,
  attendedBesideWaitMs: 2000,
  attendedWaitMs: 1000,
  attendedForMs: 15 * 60_000,
  maxWaitMs: 30_000,
  dropAfterMs: 4000,
  patientMs: 30_000,
  patientApartMs: 15_000,
  minGapMs: 100,
  maxNudged: 5,
  steadyMs: 1000,
};

/** `brief`: others follow within seconds. `patient`: what is far away is reached too. */
export type Patience = 'brief' | 'patient';

/**
 * Whether and why a link is wanted.
 *
 *               link lost
 *   content -------------------> searching     attempts one after the other, beside older ones
 *    ^   |                          ^   |
 *    |   +--- link suspect ----> beside |      one attempt at a time
 *    |                              |   |
 *    +------- joined, revived ------+---+      any state --- stop ---> stopped (final)
 *
 * While `searching`, attempts start one after the other, beside older ones that have not answered.
 * Most are brief. One that begins `patientApartMs` after the last patient one is patient itself.
 * Links that are lost as soon as they have joined, with nothing carried, count as failed attempts, or a server that ends every link at once
 * would be dialled without a pause. `isBlocked`: every attempt said that there is no route; only an event or a slow timer starts the next.
 */
export interface ReconnectState {
  readonly kind: 'content' | 'searching' | 'beside' | 'stopped';
  /** Attempts since the link was lost. */
  readonly attempts: number;
  /** Attempts made without anybody there; decides the wait. */
  readonly unattended: number;
  readonly nextAtMs: number | undefined;
  readonly lastStartMs: number;
  readonly lastPatientMs: number;
  readonly joinedAtMs: number;
  /** Links in a row that were lost within `steadyMs`, having carried nothing. */
  readonly shortLives: number;
  readonly isBlocked: boolean;
  /** A nudge came while a dial beside ran alone: `nextAtMs` is set for its sake. */
  readonly isNudged: boolean;
}

export const INITIAL_RECONNECT: ReconnectState = {
  kind: 'content',
  attempts: 0,
  unattended: 0,
  nextAtMs: undefined,
  lastStartMs: Number.NEGATIVE_INFINITY,
  lastPatientMs: Number.NEGATIVE_INFINITY,
  joinedAtMs: Number.NEGATIVE_INFINITY,
  shortLives: 0,
  isBlocked: false,
  isNudged: false,
};

export type ReconnectEvent =
  /** `hasCarried`: bytes of a stream got across it. */
  | { readonly kind: 'link-lost'; readonly hasCarried?: boolean }
  | { readonly kind: 'link-suspect' }
  | { readonly kind: 'link-joined' }
  | { readonly kind: 'link-revived' }
  /** An attempt has failed or is late; `stillDialing` others are neither. */
  | { readonly kind: 'dial-failed'; readonly noRoute: boolean; readonly stillDialing: number }
  /** A key, an interface, a wake: somebody or something says that now is a good time. */
  | { readonly kind: 'nudge'; readonly stillDialing: number }
  | { readonly kind: 'retry-due' }
  | { readonly kind: 'stop' };

export interface ReconnectStep {
  readonly state: ReconnectState;
  /** Start one attempt now. */
  readonly dial: Patience | undefined;
}

/** `attended`: a key was pressed lately. `jitter` is in [0, 1). An event that a state does not name changes nothing. */
export function nextReconnect(
  state: ReconnectState,
  event: ReconnectEvent,
  nowMs: number,
  attended: boolean,
  jitter: number,
  policy: ReconnectPolicy,
): ReconnectStep {
  if (state.kind === 'stopped') return { state, dial: undefined };
  switch (event.kind) {
    case 'stop':
      return { state: { ...state, kind: 'stopped', nextAtMs: undefined }, dial: undefined };
    case 'link-joined':
      return { state: { ...fresh(state), joinedAtMs: nowMs }, dial: undefined };
    case 'link-revived':
      return { state: fresh(state), dial: undefined };
    case 'link-lost':
      return afterLoss(state, event.hasCarried === true, nowMs, attended, jitter, policy);
    case 'link-suspect':
      if (state.kind !== 'content') return { state, dial: undefined };
      return start({ ...state, kind: 'beside' }, nowMs, attended, jitter, policy);
    case 'nudge':
      if (!heedsNudge(state, event.stillDialing, nowMs, policy))
        return { state: rememberNudge(state, nowMs, policy), dial: undefined };
      return start({ ...state, isBlocked: false }, nowMs, attended, jitter, policy);
    case 'retry-due':
      if (state.nextAtMs === undefined || nowMs < state.nextAtMs) return { state, dial: undefined };
      return start(state, nowMs, attended, jitter, policy);
    case 'dial-failed':
      return afterFailure(state, event, nowMs, attended, policy);
  }
}

function afterLoss(
  state: ReconnectState,
  hasCarried: boolean,
  nowMs: number,
  attended: boolean,
  jitter: number,
  policy: ReconnectPolicy,
): ReconnectStep {
  const isShort = !hasCarried && nowMs - state.joinedAtMs < policy.steadyMs;
  const shortLives = isShort ? state.shortLives + 1 : 0;
  // The first one may be chance; from the second on they are as good as failed attempts.
  const failed = Math.max(0, shortLives - 1);
  const searching = {
    ...fresh(state),
    kind: 'searching',
    shortLives,
    attempts: failed,
    unattended: attended ? 0 : failed,
  } as const;
  if (failed === 0) return start(searching, nowMs, attended, jitter, policy);
  const waitMs = waitAfter(failed, searching.unattended, attended, jitter, policy);
  return { state: { ...searching, nextAtMs: nowMs + waitMs }, dial: undefined };
}

/** Nothing is wanted; what was is remembered as far as the next loss needs it. */
function fresh(state: ReconnectState): ReconnectState {
  const { lastStartMs, lastPatientMs, joinedAtMs, shortLives } = state;
  return { ...INITIAL_RECONNECT, lastStartMs, lastPatientMs, joinedAtMs, shortLives };
}

/** A dial beside a suspect link runs alone for a second: holding a key down must not make a crowd of them. */
function heedsNudge(
  state: ReconnectState,
  stillDialing: number,
  nowMs: number,
  policy: ReconnectPolicy,
): boolean {
  if (state.kind === 'content' || stillDialing >= policy.maxNudged) return false;
  return nowMs - state.lastStartMs >= (isAlone(state) ? policy.besideWaitMs : policy.minGapMs);
}

/** One key is enough: the next dial starts in a second, or when the one beside has been alone for long enough. */
function rememberNudge(
  state: ReconnectState,
  nowMs: number,
  policy: ReconnectPolicy,
): ReconnectState {
  if (isAlone(state))
    return { ...state, isNudged: true, nextAtMs: state.lastStartMs + policy.besideWaitMs };
  if (state.nextAtMs === undefined) return state;
  return { ...state, nextAtMs: Math.min(state.nextAtMs, nowMs + policy.attendedWaitMs) };
}

function isAlone({ kind, nextAtMs, isNudged }: ReconnectState): boolean {
  return kind === 'beside' && (nextAtMs === undefined || isNudged);
}

function start(
  state: ReconnectState,
  nowMs: number,
  attended: boolean,
  jitter: number,
  policy: ReconnectPolicy,
): ReconnectStep {
  const isPatient = nowMs - state.lastPatientMs >= policy.patientApartMs;
  const dial = isPatient ? 'patient' : 'brief';
  const attempts = state.attempts + 1;
  const lastPatientMs = isPatient ? nowMs : state.lastPatientMs;
  const started = { ...state, attempts, lastStartMs: nowMs, lastPatientMs };
  if (state.kind === 'beside')
    return { state: { ...started, nextAtMs: undefined, isNudged: false }, dial };
  const unattended = attended ? 0 : state.unattended + 1;
  const waitMs = waitAfter(attempts, unattended, attended, jitter, policy);
  return {
    state: { ...started, unattended, nextAtMs: nowMs + waitMs, isBlocked: false },
    dial,
  };
}

/** The wait behind attempt number `attempts`. */
function waitAfter(
  attempts: number,
  unattended: number,
  attended: boolean,
  jitter: number,
  policy: ReconnectPolicy,
): number {
  return (
    policy.firstWaitsMs[attempts - 1] ??
    (attended ? policy.attendedWaitMs : unattendedWaitMs(unattended, jitter, policy))
  );
}

/**
 * Full jitter: a thousand clients of one server must not come back as one. The expected wait never falls. The first waits do not count:
 * a server or router that needs a second to come again is not away.
 */
function unattendedWaitMs(unattended: number, jitter: number, policy: ReconnectPolicy): number {
  const doublings = Math.min(Math.max(1, unattended - policy.firstWaitsMs.length), 16);
  const ceilingMs = Math.min(policy.attendedWaitMs * 2 ** doublings, policy.maxWaitMs);
  return policy.attendedWaitMs + jitter * Math.max(0, ceilingMs - policy.attendedWaitMs);
}

function afterFailure(
  state: ReconnectState,
  event: { readonly noRoute: boolean; readonly stillDialing: number },
  nowMs: number,
  attended: boolean,
  policy: ReconnectPolicy,
): ReconnectStep {
  // One dial beside at a time; each that did not win doubles the time until the next.
  if (state.kind === 'beside' && event.stillDialing === 0) {
    const capMs = attended ? policy.attendedBesideWaitMs : policy.maxWaitMs;
    const waitMs = Math.min(policy.besideWaitMs * 2 ** Math.min(state.attempts - 1, 16), capMs);
    return { state: { ...state, nextAtMs: nowMs + waitMs, isNudged: false }, dial: undefined };
  }
  if (state.kind !== 'searching' || !event.noRoute || event.stillDialing > 0)
    return { state, dial: undefined };
  return {
    state: { ...state, isBlocked: true, nextAtMs: nowMs + policy.maxWaitMs },
    dial: undefined,
  };
}

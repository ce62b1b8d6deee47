import { EtError, messageOf, systemCodeOf } from '../base/errors.ts';

/**
 * Why nothing could be reached: `no-route` this machine has no network to there (wait for an
 * interface), `refused` a machine answered that nobody listens, `timeout` nobody answered,
 * `dns` the name has no address.
 */
export type DialFailureKind = 'no-route' | 'refused' | 'timeout' | 'dns' | 'other';

/** One thing that was tried. */
export interface DialAttempt {
  /** `tcp 10.0.0.5:2022`, `dns example.org`. */
  readonly target: string;
  readonly kind: DialFailureKind;
  /** `refused`, `timed out after 3 s`. */
  readonly what: string;
  readonly cause?: unknown;
}

/** The most telling kind speaks for all attempts: an answer says more than silence, and any try more than none. */
const BY_WEIGHT: readonly DialFailureKind[] = ['refused', 'timeout', 'other', 'no-route', 'dns'];

/** A dial that failed, with every attempt it made. */
export class DialFailure extends EtError {
  readonly kind: DialFailureKind;
  readonly attempts: readonly DialAttempt[];

  constructor(attempts: readonly DialAttempt[]) {
    const message = attempts.map(({ target, what }) => `${target} ${what}`).join('; ');
    super('ET_ERR_DIAL', message, { cause: attempts.find(({ cause }) => cause)?.cause });
    this.attempts = attempts;
    this.kind =
      BY_WEIGHT.find((kind) => attempts.some((attempt) => attempt.kind === kind)) ?? 'other';
  }
}

const KIND_OF: Readonly<Record<string, DialFailureKind>> = {
  ENETUNREACH: 'no-route',
  ENETDOWN: 'no-route',
  EADDRNOTAVAIL: 'no-route',
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'timeout',
};

const WORDS: Readonly<Record<DialFailureKind, string | undefined>> = {
  'no-route': 'has no route',
  refused: 'refused',
  timeout: 'timed out',
  dns: undefined,
  other: undefined,
};

/** The attempt that ended with a system's error, as `connect` reports it. */
export function attemptFailedBy(target: string, thrown: unknown): DialAttempt {
  const code = systemCodeOf(thrown);
  const kind = KIND_OF[code ?? ''] ?? 'other';
  const what = WORDS[kind] ?? `failed: ${code ?? messageOf(thrown)}`;
  return { target, kind, what, cause: thrown };
}

/** The attempt that was given up after `afterMs` milliseconds. */
export function attemptTimedOut(target: string, afterMs: number): DialAttempt {
  const seconds = (afterMs / 1000).toFixed(1).replace(/\.0$/u, '');
  return { target, kind: 'timeout', what: `timed out after ${seconds} s` };
}

/** The name that means no address; `cause` why the system found none, where it said it. */
export function attemptWithoutAddress(host: string, cause: unknown): DialAttempt {
  const why = cause === undefined ? '' : ` (${systemCodeOf(cause) ?? messageOf(cause)})`;
  return { target: `dns ${host}`, kind: 'dns', what: `has no address${why}`, cause };
}

import { EtError } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import type { BootstrapRequest } from '../wire/bootstrap-request.ts';
import { isSessionName } from '../wire/session-name.ts';

/** Kept of a terminal's output, unless the client says otherwise. */
export const DEFAULT_HISTORY_BYTES: number = 256 * 1024 * 1024;
const LEAST_HISTORY_BYTES: number = 64 * 1024;
const MOST_HISTORY_BYTES: number = 2 ** 50;
const MAX_SELECTOR_LENGTH = 64;

/** Which session a client asks for: PROTOCOL.md section 2. */
export interface SessionWish {
  /** Of the session to begin, or of one that runs; empty: none. */
  readonly name: string;
  /** `only`: none is begun; `new`: none is attached to; else one is begun where there is none of the name. */
  readonly attach: 'only' | 'new' | 'either';
  /** The beginning of an id, or a name, for `only`; empty: whichever there is. */
  readonly session: string;
  readonly killOthers: boolean;
  readonly historyBytes: number;
}

/** @throws {EtError} ET_ERR_BOOTSTRAP, naming the member that is wrong */
export function sessionWish({ extra = {} }: BootstrapRequest): SessionWish {
  const { name = '', attach, session = '', killOthers, historyBytes } = extra;
  if (typeof name !== 'string' || (name !== '' && !isSessionName(name))) throw wrong('name');
  if (attach !== undefined && attach !== 'only' && attach !== 'new') throw wrong('attach');
  if (typeof session !== 'string' || session.length > MAX_SELECTOR_LENGTH) throw wrong('session');
  return {
    name,
    attach: attach ?? 'either',
    session: printable(session),
    killOthers: killOthers === true,
    historyBytes: historyWithin(historyBytes),
  };
}

function historyWithin(value: unknown): number {
  if (value === undefined) return DEFAULT_HISTORY_BYTES;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong('historyBytes');
  return Math.min(Math.max(Math.trunc(value), LEAST_HISTORY_BYTES), MOST_HISTORY_BYTES);
}

function wrong(member: string): EtError {
  return new EtError('ET_ERR_BOOTSTRAP', `the request: ${member} is not what it can be`);
}

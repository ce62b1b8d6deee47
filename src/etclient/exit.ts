import { constants } from 'node:os';

/** How the work of a session ended, as the client's own exit status tells it. */
export interface WorkEnd {
  /** 0..255; 255 is also every failure of ours, as with ssh. */
  readonly status: number;
  /** For the user, where the status alone would not say. */
  readonly message?: string | undefined;
  readonly advice?: string | undefined;
  /** The session goes on without this client: its user has left it, or another client has taken it over. */
  readonly left?: 'detached' | 'taken-over';
  /** The credentials that were kept are refused though the session lives: others have taken their place. */
  readonly isReplaced?: boolean;
  /** The session's server has ended, and nobody told it to: another session may take its place. */
  readonly isGone?: boolean;
}

/** Our own failure. */
export const FAILURE_STATUS = 255;
export const USAGE_STATUS = 2;
/** SIGHUP: the terminal was closed. */
export const HANG_UP_STATUS = 129;
/** ^C before there was a session. */
export const ABORTED_STATUS = 130;

/** From the note with which the server ends a shell's or a command's channel; `undefined` when it is another note. */
export function workEndOf(note: Readonly<Record<string, unknown>>): WorkEnd | undefined {
  const { exit, exitSignal } = note as { exit?: unknown; exitSignal?: unknown };
  if (typeof exit === 'number' && Number.isInteger(exit)) return { status: exit & 0xff };
  if (typeof exitSignal !== 'string') return undefined;
  const number = (constants.signals as Record<string, number | undefined>)[`SIG${exitSignal}`];
  return { status: number === undefined ? FAILURE_STATUS : 128 + number };
}

import { usageError } from '../../base/usage-error.ts';
import type { TerminalWish, Work } from './client-command.ts';
import { parseChoice, parseHistory, parseSessionName } from './flag-values.ts';
import { type GivenFlags, spelled } from './given-flags.ts';

/** What a client is shown of output above 1 MiB that came while it was away. */
export type BacklogPolicy = 'replay' | 'live' | 'ask';

/** Flags about a session that can be left, and come back to. */
export interface LeavingFlags {
  /** `--name`: attach to the session of this name, or begin it. */
  readonly name: string | undefined;
  /** `--new`: begin one in any case. */
  readonly isNew: boolean;
  /** `--kill-other-sessions` */
  readonly killOthers: boolean;
  /** `--history`: how much output the host keeps; `undefined`: its default. */
  readonly historyBytes: number | undefined;
  /** `undefined`: `live` on a terminal, else `replay`. */
  readonly backlog: BacklogPolicy | undefined;
}

/** @throws {EtError} ET_ERR_USAGE */
export function leavingFlags(given: GivenFlags, work: Work, terminal: TerminalWish): LeavingFlags {
  const name = given.value('name', parseSessionName);
  if (name !== undefined && !canHaveTerminal(work, terminal)) {
    throw usageError(
      `${spelled('name')} is for a shell or a command on a terminal, which one can come back to: leave it out, or write -c CMD`,
    );
  }
  return {
    name,
    isNew: given.has('new'),
    killOthers: given.has('kill-other-sessions'),
    historyBytes: given.value('history', parseHistory),
    backlog: given.value('backlog', (text) =>
      parseChoice('--backlog', text, ['replay', 'live', 'ask']),
    ),
  };
}

function canHaveTerminal({ kind }: Work, terminal: TerminalWish): boolean {
  if (kind === 'terminal-command') return true;
  if (kind === 'shell') return terminal !== 'forbidden';
  return (kind === 'command' || kind === 'subsystem') && terminal === 'forced';
}

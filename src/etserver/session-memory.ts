import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { SpoolCipher } from '../terminal/spool.ts';
import { Spool } from '../terminal/spool.ts';
import { removeDeadSpools } from '../terminal/spool-directory.ts';
import { ScreenFeed } from '../terminal/screen-feed.ts';
import { ShellFacts } from '../terminal/shell-facts.ts';
import { TerminalLog } from '../terminal/terminal-log.ts';
import type { SessionRegistry } from './registry.ts';
import type { SessionRecords } from './session-records.ts';
import { Shell } from './shell.ts';

/** What others have left behind is looked through when nobody waits for anything, in milliseconds after the shell has begun. */
const SWEEP_AFTER_MS = 5000;

export interface SessionMemoryDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly id: string;
  readonly name: string;
  readonly pid: number;
  readonly historyBytes: number;
  /** Where the spools of the user's sessions are. */
  readonly spoolRoot: string;
  readonly makeCipher: () => SpoolCipher;
  readonly records: SessionRecords;
  readonly registry: Pick<SessionRegistry, 'ids' | 'unclaim'>;
  readonly nowMs: () => number;
}

/** What a session server remembers of its shell, in memory and on disk, and what is written down of the session itself. */
export class SessionMemory {
  readonly #deps: SessionMemoryDeps;
  #shell: Shell | undefined;
  #spool: Spool | undefined;

  constructor(deps: SessionMemoryDeps) {
    this.#deps = deps;
  }

  /** A shell that has not started. */
  makeShell(onOver: () => void, onWarning: (text: string) => void): Shell {
    throw new Error('to be merged');
  }

  /** The session is over. `why` is empty where its client has seen it end, and nobody will ask. */
  end(why: string): void {
    const { id, name, records, registry, nowMs, logger } = this.#deps;
    const { log } = this.#shell ?? {};
    const historyBytes = log === undefined ? 0 : log.end - log.start;
    this.#spool?.remove();
    const written =
      why === '' ? records.forget(id) : records.end(id, { endedMs: nowMs(), why, historyBytes });
    const given = name === '' ? undefined : registry.unclaim(name, id);
    Promise.all([written, given]).catch((error: unknown) => logger.log(0, messageOf(error)));
  }
}

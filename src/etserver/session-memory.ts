import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { SessionRegistry } from '../registry/session-registry.ts';
import { ScreenFeed } from '../terminal/screen-feed.ts';
import { ScreenModel } from '../terminal/screen-model.ts';
import { ShellFacts } from '../terminal/shell-facts.ts';
import { Spool } from '../terminal/spool.ts';
import { removeDeadSpools } from '../terminal/spool-directory.ts';
import { SpoolFiles } from '../terminal/spool-files.ts';
import { TerminalLog } from '../terminal/terminal-log.ts';
import type { BlockCipher } from '../wire/block-cipher.ts';
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
  readonly makeCipher: () => BlockCipher;
  readonly records: SessionRecords;
  readonly registry: Pick<SessionRegistry, 'unclaim'>;
  /** Whether another session of the user's is over: certainly. */
  readonly isGone: (id: string) => Promise<boolean>;
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

  /** A shell that has not started. It is one of those that somebody may ask for when they have ended. */
  makeShell(onOver: () => void, onWarning: (text: string) => void): Shell {
    const { clock, id, name, pid, records, historyBytes, logger, nowMs } = this.#deps;
    const spool = this.#makeSpool(onWarning);
    const log = new TerminalLog({ historyBytes, spool });
    const shell: Shell = new Shell({
      clock,
      log,
      facts: new ShellFacts(),
      onOver,
      makeScreen: (owner) =>
        new ScreenFeed({
          clock,
          log,
          historyBytes,
          load: (options) => ScreenModel.load(options),
          onAnswer: (bytes) => owner.answer(bytes),
          onProgress: () => owner.decide(),
          onBroken: (error) => logger.log(0, `no screen model: ${messageOf(error)}`),
        }),
    });
    this.#shell = shell;
    this.#spool = spool;
    clock.schedule(SWEEP_AFTER_MS, () => this.#inBackground(this.#sweep()));
    this.#inBackground(records.begin({ session: id, name, pid, startedMs: nowMs() }));
    return shell;
  }

  /** The session is over. `why` is empty where its client has seen it end, and nobody will ask. */
  end(why: string): void {
    const { id, name, records, registry, nowMs } = this.#deps;
    const { log } = this.#shell ?? {};
    const historyBytes = log === undefined ? 0 : log.end - log.start;
    this.#spool?.remove();
    const written =
      why === '' ? records.forget(id) : records.end(id, { endedMs: nowMs(), why, historyBytes });
    const given = name === '' ? undefined : registry.unclaim(name, id);
    this.#inBackground(Promise.all([written, given]));
  }

  #makeSpool(onWarning: (text: string) => void): Spool {
    const { clock, id, spoolRoot, makeCipher } = this.#deps;
    return new Spool({
      clock,
      cipher: makeCipher(),
      disk: new SpoolFiles(join(spoolRoot, id)),
      events: {
        onTrouble: (error) => {
          onWarning(`history is kept in memory, and less of it: ${error.message}`);
          this.#shell?.decide();
        },
        onRecovered: () => {
          onWarning('history is kept on disk again');
          this.#shell?.decide();
        },
        onCaughtUp: () => this.#shell?.decide(),
      },
    });
  }

  /** What sessions have left behind whose servers are no more. */
  async #sweep(): Promise<void> {
    const { records, spoolRoot, nowMs, isGone } = this.#deps;
    await records.sweep(nowMs());
    await removeDeadSpools(spoolRoot, async (id) => !(await isGone(id)));
  }

  #inBackground(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#deps.logger.log(0, messageOf(error)));
  }
}

import type { Clock, Timer } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { CredentialStore } from '../bootstrap/credential-store.ts';
import type { SessionCredentials } from '../bootstrap/session-credentials.ts';

/** The first prompt is not kept waiting for a disk. */
const SAVE_AFTER_MS = 1000;

export interface CredentialKeeperDeps {
  readonly store: CredentialStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pid: number;
  readonly isRunning: (pid: number) => boolean;
  /** What to keep while this client has the session; `undefined` before the root secret is known. */
  readonly make: () => SessionCredentials | undefined;
}

/**
 * Keeps what it takes to come back to a session: for the case that this process does not end as it should (a battery, a kill), and for
 * the day after it was left.
 *
 * Between any two calls: once this client has saved, a file that another client which runs has written since is left alone. It has the
 * session then, and other keys.
 */
export class CredentialKeeper {
  readonly #deps: CredentialKeeperDeps;
  #timer: Timer | undefined;
  #hasSaved = false;

  constructor(deps: CredentialKeeperDeps) {
    this.#deps = deps;
  }

  onFirstLink(): void {
    // Also where it was saved meanwhile: a client that this one has taken over may have written its own keys over these since.
    this.#timer ??= this.#deps.clock.schedule(SAVE_AFTER_MS, () => this.save());
  }

  /** At once. */
  save(): void {
    this.#save({});
  }

  /** This client has the session no more, and it goes on. */
  leave(left: SessionCredentials['left']): void {
    this.#timer?.cancel();
    this.#save({ clientPid: 0, ...(left !== undefined && { left }) });
  }

  /** The session is over at both ends. */
  forget(session: Uint8Array): void {
    this.#timer?.cancel();
    try {
      if (!this.#isOthers(session)) this.#deps.store.remove(session);
    } catch (error) {
      this.#deps.logger.log(1, messageOf(error));
    }
  }

  #save(changes: Partial<SessionCredentials>): void {
    const { store, logger, make } = this.#deps;
    const credentials = make();
    if (credentials === undefined) return;
    try {
      const { session } = credentials;
      const isOurs = (): boolean => {
        if (this.#hasSaved && this.#isOthers(session)) return false;
        // Whoever has taken it over has seen its end.
        return changes.left !== 'taken-over' || store.find(session) !== undefined;
      };
      if (!isOurs()) return;
      store.save({ ...credentials, ...changes }, isOurs);
      this.#hasSaved = true;
    } catch (error) {
      logger.log(1, `this session could not be resumed after a crash: ${messageOf(error)}`);
    }
  }

  /** Another client that runs has taken the session over. */
  #isOthers(session: Uint8Array): boolean {
    const { store, pid, isRunning } = this.#deps;
    const kept = store.find(session)?.clientPid ?? 0;
    return kept !== 0 && kept !== pid && isRunning(kept);
  }
}

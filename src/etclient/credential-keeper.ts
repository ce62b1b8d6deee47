import type { Clock, Timer } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { CredentialStore } from '../bootstrap/credential-store.ts';
import type { SessionCredentials } from '../bootstrap/session-credentials.ts';

/** The first prompt is not kept waiting for a disk. */
const SAVE_AFTER_MS = 1000;

/**
 * Keeps what it takes to come back to a session, for the case that this process does not end as it should: a battery, a kill, a
 * terminal closed while the network was away.
 */
export class CredentialKeeper {
  readonly #store: CredentialStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #make: () => SessionCredentials | undefined;
  #timer: Timer | undefined;

  /** `make`: `undefined` before the root secret is known. */
  constructor(
    store: CredentialStore,
    clock: Clock,
    logger: Logger,
    make: () => SessionCredentials | undefined,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
    this.#make = make;
  }

  onFirstLink(): void {
    this.#timer ??= this.#clock.schedule(SAVE_AFTER_MS, () => this.save());
  }

  save(): void {
    this.#timer?.cancel();
    const credentials = this.#make();
    if (credentials === undefined) return;
    try {
      this.#store.save(credentials);
    } catch (error) {
      this.#logger.log(1, `this session could not be resumed after a crash: ${messageOf(error)}`);
    }
  }

  /** The session is over at both ends. */
  forget(session: Uint8Array): void {
    this.#timer?.cancel();
    try {
      this.#store.remove(session);
    } catch (error) {
      this.#logger.log(1, messageOf(error));
    }
  }
}

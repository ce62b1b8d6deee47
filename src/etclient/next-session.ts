import type { Clock, Timer } from '../base/clock.ts';
import { EtError, messageOf } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';

/** The first wait after a failure, and the longest, in milliseconds; each is drawn between half of it and all of it. */
export const FIRST_WAIT_MS = 1000;
export const LONGEST_WAIT_MS = 60_000;

export interface NextSessionDeps<Server> {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Starts a session without asking anybody. */
  readonly start: () => Promise<Server>;
  /** A failure that trying again may mend, for the log. */
  readonly onFailure: (text: string) => void;
  /** Nobody but the user can mend it: said once, and nothing is tried until `nudge`. */
  readonly onLoginNeeded: (text: string) => void;
}

/**
 * Starts a session in place of one that is gone, however long the host is away.
 *
 *   starting --cannot reach it--> waiting --time is up, nudge--> starting       starting --session--> over
 *      |
 *      +--has to ask somebody--> asking --nudge--> starting                     any --stop--> over
 */
export class NextSession<Server> {
  readonly #deps: NextSessionDeps<Server>;
  readonly #resolve: (server: Server | undefined) => void;
  /** The session; `undefined` after `stop`. */
  readonly server: Promise<Server | undefined>;
  #state: 'starting' | 'waiting' | 'asking' | 'over' = 'starting';
  #waitMs = FIRST_WAIT_MS;
  #timer: Timer | undefined;
  #isLoginToldFor: string | undefined;

  constructor(deps: NextSessionDeps<Server>) {
    this.#deps = deps;
    let resolve: (server: Server | undefined) => void = () => undefined;
    this.server = new Promise((settle) => {
      resolve = settle;
    });
    this.#resolve = resolve;
    void this.#start();
  }

  /** Only a person can bring it on. */
  get needsLogin(): boolean {
    return this.#state === 'asking';
  }

  /** Tries now: somebody is there, or an agent may have a key by now. */
  nudge(): void {
    if (this.#state !== 'waiting' && this.#state !== 'asking') return;
    this.#timer?.cancel();
    this.#waitMs = FIRST_WAIT_MS;
    void this.#start();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#state = 'over';
    this.#resolve(undefined);
  }

  async #start(): Promise<void> {
    this.#state = 'starting';
    let server: Server;
    try {
      server = await this.#deps.start();
    } catch (error) {
      if (this.#state === 'starting') this.#failed(error);
      return;
    }
    // A session that nobody waits for any more ends by itself: no client ever comes.
    this.#state = 'over';
    this.#resolve(server);
  }

  #failed(error: unknown): void {
    if (needsPerson(error)) {
      this.#state = 'asking';
      if (this.#isLoginToldFor !== messageOf(error)) this.#deps.onLoginNeeded(messageOf(error));
      this.#isLoginToldFor = messageOf(error);
      return;
    }
    this.#state = 'waiting';
    this.#deps.onFailure(messageOf(error));
    const waitMs = this.#waitMs * (0.5 + this.#deps.random.uniform() / 2);
    this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS);
    this.#timer = this.#deps.clock.schedule(waitMs, () => void this.#start());
  }
}

/** To try these again and again would lock an account, and mends nothing. */
function needsPerson(error: unknown): boolean {
  if (!(error instanceof EtError)) return false;
  return ['ET_ERR_AUTH', 'ET_ERR_HOST_KEY', 'ET_ERR_SERVER_MISSING'].includes(error.code);
}

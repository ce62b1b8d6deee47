import { messageOf } from '../base/errors.ts';
import type { Forward, ForwardEvents, ForwardState } from './forward.ts';

/**
 * Whether a forward listens on this machine, which its owner is told.
 *
 *   starting --> listening        starting --> failed        any --close--> closed (final)
 */
export class NearListening {
  readonly #forward: Forward;
  readonly #events: ForwardEvents;
  #state: ForwardState = 'starting';

  constructor(forward: Forward, events: ForwardEvents) {
    this.#forward = forward;
    this.#events = events;
  }

  get state(): ForwardState {
    return this.#state;
  }

  /** `listening` settles with what became of it. */
  begin(listening: Promise<void>): void {
    listening.then(
      () => {
        if (this.#state === 'closed') return;
        this.#state = 'listening';
        this.#events.onListening(this.#forward);
      },
      (error: unknown) => {
        if (this.#state === 'closed') return;
        this.#state = 'failed';
        this.#forward.counters.lastError = messageOf(error);
        this.#events.onFailed(this.#forward, messageOf(error));
      },
    );
  }

  close(): void {
    this.#state = 'closed';
  }
}

/** How many OPENs of one side stand unanswered; shared by the streams of a session. */
export class OpenLimit {
  readonly #max: number;
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#count;
  }

  get hasRoom(): boolean {
    return this.#count < this.#max;
  }

  /** Counts one more; the ticket takes it back. */
  enter(): OpenTicket {
    this.#count += 1;
    let isIn = true;
    return {
      leave: () => {
        if (isIn) this.#count -= 1;
        isIn = false;
      },
    };
  }
}

/** One unanswered OPEN. */
export interface OpenTicket {
  /** The OPEN has its answer; a second call does nothing. */
  leave(): void;
}

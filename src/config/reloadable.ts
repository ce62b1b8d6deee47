import { EtError } from '../base/errors.ts';

/**
 * What files say, read again when it is asked for: a mistake in them leaves what was read last.
 *
 * Between any two calls `current` is what one successful reading has returned, whole.
 */
export class Reloadable<Value> {
  readonly #read: () => Value;
  #current: Value;

  /** @throws what `read` throws: there is nothing older to keep */
  constructor(read: () => Value) {
    this.#read = read;
    this.#current = read();
  }

  get current(): Value {
    return this.#current;
  }

  /** Why it was not read, which cites the line, or nothing where it was. */
  reload(): EtError | undefined {
    try {
      this.#current = this.#read();
      return undefined;
    } catch (error) {
      if (error instanceof EtError) return error;
      throw error;
    }
  }
}

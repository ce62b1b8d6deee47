/** More than anybody would read. */
const MAX_WAITING = 64;

export interface OwnLinesDeps {
  /** Whether a line would be no part of anything that the program puts out. */
  readonly mayWrite: () => boolean;
  readonly write: (text: string) => void;
}

/**
 * Lines of the client's own about a program's output, among that output: what is lost must be told, also where it is lost in a flood.
 *
 * Between any two calls: lines wait only since `mayWrite` has said no; they are written in order.
 */
export class OwnLines {
  readonly #deps: OwnLinesDeps;
  readonly #waiting: string[] = [];

  constructor(deps: OwnLinesDeps) {
    this.#deps = deps;
  }

  add(text: string): void {
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(text);
    this.flush();
  }

  /** To be called whenever `mayWrite` may have changed. */
  flush(): void {
    while (this.#waiting.length > 0 && this.#deps.mayWrite()) this.#writeFirst();
  }

  /** The program's output has come to its end, or the terminal is given back. */
  flushAll(): void {
    while (this.#waiting.length > 0) this.#writeFirst();
  }

  #writeFirst(): void {
    const text = this.#waiting.shift();
    if (text !== undefined) this.#deps.write(`\r\n[everterm: ${text}]\r\n`);
  }
}

/** The end of a text that comes in pieces of bytes. */
export class TailText {
  readonly #decoder = new TextDecoder('utf-8');
  readonly #maxLength: number;
  #text = '';

  /** Keeps at most `maxLength` UTF-16 units. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  get text(): string {
    return this.#text;
  }

  push(bytes: Uint8Array): void {
    this.#text = (this.#text + this.#decoder.decode(bytes, { stream: true })).slice(
      -this.#maxLength,
    );
  }
}

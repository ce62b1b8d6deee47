/** What the user asks of us, and not of the program. */
export type EscapeAction =
  | 'end'
  | 'detach'
  | 'help'
  | 'suspend'
  | 'status'
  | 'command'
  | 'forwards';

const CR = 0x0d;
const LF = 0x0a;

const ACTIONS: ReadonlyMap<number, EscapeAction> = new Map([
  [0x2e, 'end'], // .
  [0x64, 'detach'], // d
  [0x3f, 'help'], // ?
  [0x1a, 'suspend'], // ^Z
  [0x73, 'status'], // s
  [0x43, 'command'], // C
  [0x23, 'forwards'], // #
]);

/**
 * ssh's escapes on what is typed: the escape character counts at the beginning and after a newline.
 * Twice it is itself once; before a character that means nothing both are passed on.
 *
 * Between any two calls: every byte pushed was passed on, acted on, or is the one escape character
 * that waits for its second byte.
 */
export class EscapeFilter {
  readonly #escapeByte: number | undefined;
  #isAfterNewline = true;
  #isPending = false;

  /** `escapeByte`: `undefined` for none. */
  constructor(escapeByte: number | undefined) {
    this.#escapeByte = escapeByte;
  }

  /** What to pass on and what to do, in the order typed. Most pieces are views of `bytes`. */
  push(bytes: Uint8Array): readonly (Uint8Array | EscapeAction)[] {
    const escapeByte = this.#escapeByte;
    if (escapeByte === undefined) return bytes.length === 0 ? [] : [bytes];
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const result: (Uint8Array | EscapeAction)[] = [];
    // What lies between `from` and `at` is passed on.
    let from = 0;
    for (let at = 0; at < buffer.length; ) {
      if (this.#isPending) {
        if (this.#isAction(buffer[at] as number, escapeByte, result)) from = at + 1;
        at += 1;
        continue;
      }
      const found = this.#find(buffer, at, escapeByte);
      if (found < 0) break;
      if (found > from) result.push(bytes.subarray(from, found));
      this.#isPending = true;
      at = found + 1;
      from = at;
    }
    if (from < bytes.length) result.push(bytes.subarray(from));
    return result;
  }

  /** The byte behind an escape character: false when it is to be passed on. */
  #isAction(byte: number, escapeByte: number, result: (Uint8Array | EscapeAction)[]): boolean {
    this.#isPending = false;
    const action = ACTIONS.get(byte);
    if (action !== undefined && byte !== escapeByte) {
      // Still at the beginning of a line: nothing of it was typed into one.
      result.push(action);
      return true;
    }
    if (byte !== escapeByte) result.push(Uint8Array.of(escapeByte));
    this.#isAfterNewline = isNewline(byte);
    return false;
  }

  /** Where the next escape character that counts stands, from `from` on; -1 when the rest is ordinary. */
  #find(buffer: Buffer, from: number, escapeByte: number): number {
    for (let at = from; ; at += 1) {
      at = buffer.indexOf(escapeByte, at);
      if (at < 0) break;
      const counts = at === from ? this.#isAfterNewline : isNewline(buffer[at - 1] as number);
      if (!counts) continue;
      this.#isAfterNewline = true;
      return at;
    }
    this.#isAfterNewline = isNewline(buffer[buffer.length - 1] as number);
    return -1;
  }
}

function isNewline(byte: number): boolean {
  return byte === CR || byte === LF;
}

import { canBeHello } from '../wire/hello.ts';
import {
  canBeJumpPreamble,
  type JumpTarget,
  MAX_JUMP_PREAMBLE_BYTES,
  readJumpPreamble,
} from '../wire/jump-preamble.ts';
import { HANDSHAKE_BYTES } from '../wire/limits.ts';

const HELLO_BYTES = HANDSHAKE_BYTES.bytes;
const ROUTE_AT = 6;
const ROUTE_END = 22;
const HTTP = [0x47, 0x45, 0x54, 0x20]; // "GET "

/** A whole hello, and where it is to go: to this router's own route, or on to another host. */
export interface WholeHello {
  readonly hello: Uint8Array;
  readonly routeId: Uint8Array;
  readonly jump: JumpTarget | undefined;
  /** What has come behind it. */
  readonly rest: Uint8Array;
}

/** Whether a connection that begins with `bytes` speaks HTTP, as far as they tell. */
export function beginsHttp(bytes: Uint8Array): boolean {
  return bytes.length > 0 && HTTP.every((byte, i) => i >= bytes.length || bytes[i] === byte);
}

/**
 * Reads what a client says first: perhaps one preamble of a jump, then a hello. A preamble behind a preamble is not read, so a
 * connection is handed on by one router at most.
 */
export class FirstBytes {
  #seen: Uint8Array | undefined;
  #length = 0;

  /** `stranger`: it can become nothing. */
  read(bytes: Uint8Array): WholeHello | 'short' | 'stranger' {
    this.#seen ??= new Uint8Array(HELLO_BYTES + MAX_JUMP_PREAMBLE_BYTES);
    const part = bytes.subarray(0, this.#seen.length - this.#length);
    this.#seen.set(part, this.#length);
    this.#length += part.length;
    const seen = this.#seen.subarray(0, this.#length);
    if (canBeHello(seen)) return this.#helloIn(seen, undefined, 0, bytes.subarray(part.length));
    if (!canBeJumpPreamble(seen)) return 'stranger';
    const preamble = readJumpPreamble(seen);
    if (preamble === undefined) return 'stranger';
    if (preamble === 'short') return 'short';
    const { host, port, lengthBytes } = preamble;
    if (!canBeHello(seen.subarray(lengthBytes))) return 'stranger';
    return this.#helloIn(seen, { host, port }, lengthBytes, bytes.subarray(part.length));
  }

  #helloIn(
    seen: Uint8Array,
    jump: JumpTarget | undefined,
    at: number,
    unread: Uint8Array,
  ): WholeHello | 'short' {
    const end = at + HELLO_BYTES;
    if (seen.length < end) return 'short';
    const hello = seen.slice(at, end);
    const rest = new Uint8Array(seen.length - end + unread.length);
    rest.set(seen.subarray(end));
    rest.set(unread, seen.length - end);
    this.#seen = undefined;
    return { hello, routeId: hello.subarray(ROUTE_AT, ROUTE_END), jump, rest };
  }
}

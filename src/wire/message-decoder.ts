import { EMPTY_BYTES, strictTextOf } from '../base/bytes.ts';
import { EtError } from '../base/errors.ts';
import { invariant } from '../base/invariant.ts';
import { isJsonObject } from './json-members.ts';
import {
  MAX_DATA_BYTES,
  MAX_KIND_BYTES,
  MAX_METADATA_BYTES,
  MAX_NOTE_BYTES,
  MAX_NUMBER,
  MAX_REASON_BYTES,
} from './limits.ts';
import { type JsonObject, MESSAGE, type MessageHandler } from './messages.ts';
import { readVarint, varintSizeOf } from './varint.ts';

/** The longest message that is held back until it is whole: an OPEN with each varint at its longest. */
const MAX_HELD_BYTES = 1 + 4 * 8 + MAX_KIND_BYTES + MAX_METADATA_BYTES;
/** A message that came in parts is looked at again after so many bytes at the latest, so that little is copied beyond it. */
const HELD_STEP_BYTES = 64;
/** In place of a value whose bytes have not all arrived. */
const PARTIAL = -1;

/**
 * Cuts the bytes of one stream into messages, however they arrive.
 *
 * Between any two calls:
 * 1. Either `#bodyLeft > 0` (inside a DATA body) and nothing is held, or the held bytes are a proper
 *    prefix of one message other than a DATA body, at most `MAX_HELD_BYTES` long.
 * 2. Every complete message and every byte of a DATA body that was pushed has been passed up.
 *
 * A length above its bound is refused as soon as the length itself is there, before any of the body is awaited.
 * After `push` has thrown ET_ERR_MESSAGE the session is over, and so is the decoder.
 */
export class MessageDecoder {
  readonly #handler: MessageHandler;
  #held = EMPTY_BYTES;
  #heldLength = 0;
  #bodyId = 0;
  #bodyLeft = 0;

  // The message being read: a cursor that knows where the bytes end.
  #bytes = EMPTY_BYTES;
  #at = 0;

  constructor(handler: MessageHandler) {
    this.#handler = handler;
  }

  /** Bytes kept back because their message is not whole. */
  get heldBytes(): number {
    return this.#heldLength;
  }

  push(bytes: Uint8Array): void {
    let at = this.#heldLength > 0 ? this.#finishHeld(bytes) : 0;
    while (at < bytes.length) {
      if (this.#bodyLeft > 0) {
        at = this.#passBody(bytes, at);
        continue;
      }
      const next = this.#message(bytes, at);
      if (next === PARTIAL) {
        this.#hold(bytes.subarray(at));
        return;
      }
      at = next;
    }
  }

  #passBody(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + this.#bodyLeft);
    this.#bodyLeft -= end - at;
    this.#handler.onData(this.#bodyId, bytes.subarray(at, end));
    return end;
  }

  #hold(bytes: Uint8Array): void {
    if (this.#held.length === 0) this.#held = new Uint8Array(MAX_HELD_BYTES);
    const end = this.#heldLength + bytes.length;
    invariant(end <= MAX_HELD_BYTES, 'a held message is within its bound');
    this.#held.set(bytes, this.#heldLength);
    this.#heldLength = end;
  }

  /** Adds to the held bytes until their message is whole; returns how many of `bytes` that took. */
  #finishHeld(bytes: Uint8Array): number {
    for (let at = 0; at < bytes.length; ) {
      const before = this.#heldLength;
      const step = Math.min(bytes.length - at, HELD_STEP_BYTES, MAX_HELD_BYTES - before);
      invariant(step > 0, 'a message is whole before the room for it ends');
      this.#hold(bytes.subarray(at, at + step));
      const whole = this.#held.subarray(0, this.#heldLength);
      // Forgotten first, so that a handler which throws leaves nothing half done.
      this.#heldLength = 0;
      const used = this.#message(whole, 0);
      if (used !== PARTIAL) return at + used - before;
      this.#heldLength = whole.length;
      at += step;
    }
    return bytes.length;
  }

  /** Reads one message (of DATA: its header) at `at` and passes it up; returns the position behind it, or PARTIAL. */
  #message(bytes: Uint8Array, at: number): number {
    this.#bytes = bytes;
    this.#at = at + 1;
    const type = bytes[at] ?? 0;
    if (type < MESSAGE.open || type > MESSAGE.reset) throw malformed(`message type ${type}`);
    const id = this.#varint();
    if (id === PARTIAL) return PARTIAL;
    const whole = this.#afterId(type, id);
    const end = this.#at;
    this.#bytes = EMPTY_BYTES;
    return whole ? end : PARTIAL;
  }

  /** False when the message is not whole; nothing has been passed up then. */
  #afterId(type: number, id: number): boolean {
    switch (type) {
      case MESSAGE.open:
        return this.#open(id);
      case MESSAGE.accept:
        return this.#accept(id);
      case MESSAGE.data:
        return this.#data(id);
      case MESSAGE.credit:
        return this.#credit(id);
      case MESSAGE.eof:
        this.#handler.onEof(id);
        return true;
      case MESSAGE.note:
        return this.#note(id);
      default:
        return this.#reason(type, id);
    }
  }

  #open(id: number): boolean {
    const name = this.#sized(1, MAX_KIND_BYTES, 'kind');
    if (name === undefined) return false;
    const credit = this.#varint();
    if (credit === PARTIAL) return false;
    const metadata = this.#sized(0, MAX_METADATA_BYTES, 'metadata');
    if (metadata === undefined) return false;
    this.#handler.onOpen(id, textIn(name, 'kind'), credit, objectIn(metadata, 'metadata'));
    return true;
  }

  #accept(id: number): boolean {
    const credit = this.#varint();
    if (credit === PARTIAL) return false;
    const metadata = this.#sized(0, MAX_METADATA_BYTES, 'metadata');
    if (metadata === undefined) return false;
    this.#handler.onAccept(id, credit, objectIn(metadata, 'metadata'));
    return true;
  }

  #data(id: number): boolean {
    const length = this.#length(1, MAX_DATA_BYTES, 'data');
    if (length === PARTIAL) return false;
    this.#bodyId = id;
    this.#bodyLeft = length;
    return true;
  }

  #credit(id: number): boolean {
    const limit = this.#varint();
    if (limit === PARTIAL) return false;
    this.#handler.onCredit(id, limit);
    return true;
  }

  #note(id: number): boolean {
    const body = this.#sized(1, MAX_NOTE_BYTES, 'note');
    if (body === undefined) return false;
    this.#handler.onNote(id, objectIn(body, 'note'), body.length);
    return true;
  }

  #reason(type: number, id: number): boolean {
    const code = this.#varint();
    if (code === PARTIAL) return false;
    const text = this.#sized(0, MAX_REASON_BYTES, 'reason');
    if (text === undefined) return false;
    if (type === MESSAGE.refuse) this.#handler.onRefuse(id, code, textIn(text, 'reason'));
    else this.#handler.onReset(id, code, textIn(text, 'reason'));
    return true;
  }

  #varint(): number {
    const first = this.#bytes[this.#at];
    if (first === undefined) return PARTIAL;
    if (first < 0x40) {
      this.#at += 1;
      return first;
    }
    const end = this.#at + varintSizeOf(first);
    if (end > this.#bytes.length) return PARTIAL;
    const n = readVarint(this.#bytes, this.#at);
    if (n > MAX_NUMBER) throw malformed('a number above 2^53-1');
    this.#at = end;
    return n;
  }

  #length(low: number, high: number, what: string): number {
    const length = this.#varint();
    if (length === PARTIAL) return PARTIAL;
    if (length < low || length > high) {
      throw malformed(`${what} of ${length} bytes outside ${low}..${high}`);
    }
    return length;
  }

  #sized(low: number, high: number, what: string): Uint8Array | undefined {
    const length = this.#length(low, high, what);
    const end = this.#at + length;
    if (length === PARTIAL || end > this.#bytes.length) return undefined;
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }
}

function textIn(bytes: Uint8Array, what: string): string {
  const text = strictTextOf(bytes);
  if (text === undefined) throw malformed(`${what} that is not UTF-8`);
  return text;
}

function objectIn(bytes: Uint8Array, what: string): JsonObject {
  const text = textIn(bytes, what);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw malformed(`${what} that is not JSON`, cause);
  }
  if (isJsonObject(value)) return value;
  throw malformed(`${what} that is not a JSON object`);
}

function malformed(problem: string, cause?: unknown): EtError {
  return new EtError('ET_ERR_MESSAGE', problem, { cause });
}

import { utf8 } from '../base/bytes.ts';
import { EtError } from '../base/errors.ts';
import { invariant } from '../base/invariant.ts';
import { cutText } from './cut-text.ts';
import {
  MAX_DATA_BYTES,
  MAX_KIND_BYTES,
  MAX_METADATA_BYTES,
  MAX_NOTE_BYTES,
  MAX_REASON_BYTES,
} from './limits.ts';
import { type JsonObject, MESSAGE } from './messages.ts';
import { sizedRoom, varintSize, writeVarint } from './varint.ts';

/**
 * The messages that say something once are made as bytes of their own, to be queued; those that are
 * written at the last moment (CREDIT, EOF, the head of DATA) go straight into a buffer with room.
 */

/** Throws ET_ERR_CHANNEL_METADATA when kind or metadata are too large. */
export function encodeOpen(
  id: number,
  kind: string,
  credit: number,
  metadata: JsonObject,
): Uint8Array {
  const name = utf8(kind);
  if (name.length < 1 || name.length > MAX_KIND_BYTES) {
    throw new EtError(
      'ET_ERR_CHANNEL_METADATA',
      `kind of ${name.length} bytes outside 1..${MAX_KIND_BYTES}`,
    );
  }
  const body = jsonBytes(metadata, MAX_METADATA_BYTES, 'metadata');
  const bytes = new Uint8Array(
    head(id) + sized(name.length) + varintSize(credit) + sized(body.length),
  );
  let at = writeHead(bytes, 0, MESSAGE.open, id);
  at = writeSized(bytes, at, name);
  at = writeVarint(bytes, at, credit);
  writeSized(bytes, at, body);
  return bytes;
}

/** Throws ET_ERR_CHANNEL_METADATA when metadata is too large. */
export function encodeAccept(id: number, credit: number, metadata: JsonObject): Uint8Array {
  const body = jsonBytes(metadata, MAX_METADATA_BYTES, 'metadata');
  const bytes = new Uint8Array(head(id) + varintSize(credit) + sized(body.length));
  let at = writeHead(bytes, 0, MESSAGE.accept, id);
  at = writeVarint(bytes, at, credit);
  writeSized(bytes, at, body);
  return bytes;
}

/** A text of more than 1,024 bytes is cut at the end of a character. */
export function encodeRefuse(id: number, code: number, text: string): Uint8Array {
  return encodeReason(MESSAGE.refuse, id, code, text);
}

/** A text of more than 1,024 bytes is cut at the end of a character. */
export function encodeReset(id: number, code: number, text: string): Uint8Array {
  return encodeReason(MESSAGE.reset, id, code, text);
}

/** A whole NOTE, and how many bytes of it count against the credit. Throws ET_ERR_CHANNEL_METADATA when it is too large. */
export function encodeNote(
  id: number,
  body: JsonObject,
): { readonly message: Uint8Array; readonly bodyBytes: number } {
  const json = jsonBytes(body, MAX_NOTE_BYTES, 'note');
  const message = new Uint8Array(head(id) + sized(json.length));
  writeSized(message, writeHead(message, 0, MESSAGE.note, id), json);
  return { message, bodyBytes: json.length };
}

export function creditSize(id: number, limit: number): number {
  return head(id) + varintSize(limit);
}

export function writeCredit(target: Uint8Array, at: number, id: number, limit: number): number {
  return writeVarint(target, writeHead(target, at, MESSAGE.credit, id), limit);
}

export function eofSize(id: number): number {
  return head(id);
}

export function writeEof(target: Uint8Array, at: number, id: number): number {
  return writeHead(target, at, MESSAGE.eof, id);
}

export function dataHeaderSize(id: number, bodyBytes: number): number {
  return head(id) + varintSize(bodyBytes);
}

/** Writes what stands before the `bodyBytes` (1..61,440) bytes of a DATA body; returns where the body goes. */
export function writeDataHeader(
  target: Uint8Array,
  at: number,
  id: number,
  bodyBytes: number,
): number {
  invariant(bodyBytes >= 1 && bodyBytes <= MAX_DATA_BYTES, 'a DATA body is within its bounds');
  return writeVarint(target, writeHead(target, at, MESSAGE.data, id), bodyBytes);
}

/** The largest DATA body that fits, with its header, into `roomBytes`; 0 when none does. */
export function dataBodyRoom(id: number, roomBytes: number): number {
  return Math.min(sizedRoom(roomBytes - head(id)), MAX_DATA_BYTES);
}

function encodeReason(type: number, id: number, code: number, text: string): Uint8Array {
  const body = cutText(text, MAX_REASON_BYTES);
  const bytes = new Uint8Array(head(id) + varintSize(code) + sized(body.length));
  writeSized(bytes, writeVarint(bytes, writeHead(bytes, 0, type, id), code), body);
  return bytes;
}

function jsonBytes(value: JsonObject, maxBytes: number, what: string): Uint8Array {
  const bytes = utf8(JSON.stringify(value));
  if (bytes.length <= maxBytes) return bytes;
  throw new EtError(
    'ET_ERR_CHANNEL_METADATA',
    `${what} of ${bytes.length} bytes above ${maxBytes}`,
  );
}

function head(id: number): number {
  return 1 + varintSize(id);
}

function writeHead(target: Uint8Array, at: number, type: number, id: number): number {
  target[at] = type;
  return writeVarint(target, at + 1, id);
}

function sized(length: number): number {
  return varintSize(length) + length;
}

function writeSized(target: Uint8Array, at: number, bytes: Uint8Array): number {
  const bodyAt = writeVarint(target, at, bytes.length);
  target.set(bytes, bodyAt);
  return bodyAt + bytes.length;
}

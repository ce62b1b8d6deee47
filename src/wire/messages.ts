/** The messages of the mux: PROTOCOL.md section 7 is the authority, `test/vectors/messages.json` pins the bytes. */

export const MESSAGE = {
  open: 0x01,
  accept: 0x02,
  refuse: 0x03,
  data: 0x04,
  credit: 0x05,
  eof: 0x06,
  note: 0x07,
  reset: 0x08,
} as const;

/** Why a channel was refused or reset. */
export const REASON = {
  none: 0,
  unknownKind: 1,
  limit: 2,
  credit: 3,
  protocol: 4,
  notPermitted: 5,
  notFound: 6,
  connectionRefused: 7,
  failed: 8,
  cancelled: 9,
} as const;

/** A JSON object; unknown members are ignored by whoever reads it. */
export type JsonObject = Record<string, unknown>;

/**
 * What the messages of a stream say, in order. Bytes passed in are valid until the call returns.
 * Every length is within the bounds of section 7; whether a channel exists is the handler's to judge.
 */
export interface MessageHandler {
  onOpen(id: number, kind: string, credit: number, metadata: JsonObject): void;
  onAccept(id: number, credit: number, metadata: JsonObject): void;
  onRefuse(id: number, code: number, text: string): void;
  /** A part of a DATA body, never empty: bodies are passed up as they arrive, so one message may give several calls. */
  onData(id: number, bytes: Uint8Array): void;
  onCredit(id: number, limit: number): void;
  onEof(id: number): void;
  /** `bodyBytes` is what the note counts against the channel's credit. */
  onNote(id: number, body: JsonObject, bodyBytes: number): void;
  onReset(id: number, code: number, text: string): void;
}

/** The frames of a record: PROTOCOL.md section 5 is the authority, `test/vectors/frames.json` pins the bytes. */

export const FRAME = {
  padding: 0x00,
  ping: 0x01,
  stream: 0x02,
  ack: 0x03,
  resume: 0x04,
  datagram: 0x05,
  prefer: 0x06,
  bye: 0x07,
} as const;

/** Why a session ends, in a BYE. */
export const BYE = {
  over: 0,
  failed: 1,
  /** The server's process has to end, as when its host goes down: another session may take the place of this one. */
  terminated: 2,
  /** Another client has the shell; the text says whose. */
  takenOver: 3,
  /** The client leaves, and its work goes on; or the server asks it to. */
  detached: 4,
} as const;

/** Record numbers, both ends included; `smallest <= largest`. */
export interface AckRange {
  readonly smallest: number;
  readonly largest: number;
}

/** Offsets of a stream, `end` excluded; `start < end`. */
export interface StreamRange {
  readonly start: number;
  readonly end: number;
}

/** What one end has of a stream: everything below `next`, and the ranges above it, ascending and apart. */
export interface ResumeEntry {
  readonly stream: number;
  readonly next: number;
  readonly ranges: readonly StreamRange[];
}

/** One DATAGRAM frame: piece `index` of the `count` pieces of datagram `id` of a channel; `bytes` may be empty. */
export interface DatagramPiece {
  readonly channel: number;
  readonly id: number;
  readonly index: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/**
 * What a record says. Bytes passed in are valid until the call returns.
 * Every number is within the bounds of section 5; whether it makes sense (an ACK of a record that was
 * never sent, a `next` beyond what was sent) is the handler's to judge.
 */
export interface FrameHandler {
  onPing(): void;
  onStream(stream: number, offset: number, bytes: Uint8Array): void;
  /** `ranges` is never empty, descending and apart. `delayMicros` is the peer's word. */
  onAck(link: number, delayMicros: number, ranges: readonly AckRange[]): void;
  onResume(entries: readonly ResumeEntry[]): void;
  /** Piece `index` of the `count` pieces of datagram `id`; `bytes` may be empty. */
  onDatagram(channel: number, id: number, index: number, count: number, bytes: Uint8Array): void;
  onPrefer(link: number): void;
  onBye(code: number, text: string): void;
}

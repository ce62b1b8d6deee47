import { EMPTY_BYTES } from '../base/bytes.ts';
import { invariant } from '../base/invariant.ts';
import { cutText } from './cut-text.ts';
import { type AckRange, FRAME, type ResumeEntry } from './frames.ts';
import { MAX_ACK_RANGES, MAX_BYE_TEXT_BYTES, MAX_RESUME_RANGES } from './limits.ts';
import { sizedRoom, varintSize, writeVarint, writeVarintSized } from './varint.ts';

/**
 * Puts frames one after the other into a buffer that is used again for each record.
 * A frame is written whole or not at all; each method says whether it fitted.
 *
 * Between any two calls: `bytes` holds whole frames only, unless a STREAM frame has been begun and not ended.
 */
export class FrameWriter {
  readonly #target: Uint8Array;
  #limit: number;
  #at = 0;
  #asks = false;
  /** Where the begun STREAM frame starts; -1 while there is none. */
  #begunAt = -1;
  #lengthAt = 0;
  #lengthSize: 1 | 2 | 4 | 8 = 1;

  constructor(target: Uint8Array) {
    this.#target = target;
    this.#limit = target.length;
  }

  /** Begins another record of at most `maxBytes` (default: the whole buffer). Clears nothing. */
  restart(maxBytes: number = this.#target.length): void {
    this.#limit = Math.min(maxBytes, this.#target.length);
    this.#at = 0;
    this.#asks = false;
    this.#begunAt = -1;
  }

  get position(): number {
    return this.#at;
  }

  get room(): number {
    return this.#limit - this.#at;
  }

  /** The frames written since the start: a view of the buffer. */
  get bytes(): Uint8Array {
    return this.#target.subarray(0, this.#at);
  }

  /** Whether any frame asks for an acknowledgement of the record. */
  get asksForAcknowledgement(): boolean {
    return this.#asks;
  }

  ping(): boolean {
    if (this.room < 1) return false;
    this.#begin(FRAME.ping);
    return true;
  }

  stream(stream: number, offset: number, bytes: Uint8Array): boolean {
    const head = 2 + varintSize(offset) + varintSize(bytes.length);
    if (this.room < head + bytes.length) return false;
    this.#begin(FRAME.stream);
    this.#varint(stream);
    this.#varint(offset);
    this.#varint(bytes.length);
    this.#bytes(bytes);
    return true;
  }

  /** How many body bytes a STREAM frame at `offset` could still carry here; 0 when none. */
  streamRoom(offset: number): number {
    return sizedRoom(this.room - 2 - varintSize(offset));
  }

  /**
   * Begins a STREAM frame whose body is made in place: fill the front of the returned bytes, then call `endStream`.
   * They are at most `maxBodyBytes` long, and empty when there is no room; then no frame has been begun.
   */
  beginStream(stream: number, offset: number, maxBodyBytes: number): Uint8Array {
    invariant(this.#begunAt < 0, 'one stream frame at a time');
    const length = Math.min(maxBodyBytes, this.streamRoom(offset));
    if (length < 1) return EMPTY_BYTES;
    this.#begunAt = this.#at;
    this.#target[this.#at] = FRAME.stream;
    this.#at += 1;
    this.#varint(stream);
    this.#varint(offset);
    this.#lengthAt = this.#at;
    this.#lengthSize = varintSize(length);
    const bodyAt = this.#at + this.#lengthSize;
    this.#at = bodyAt + length;
    return this.#target.subarray(bodyAt, this.#at);
  }

  /** Ends the begun STREAM frame with the first `bodyBytes` of what `beginStream` gave; 0 takes the frame back. */
  endStream(bodyBytes: number): void {
    invariant(this.#begunAt >= 0, 'a stream frame was begun');
    const bodyAt = this.#lengthAt + this.#lengthSize;
    invariant(bodyBytes >= 0 && bodyBytes <= this.#at - bodyAt, 'the body is within its bounds');
    if (bodyBytes === 0) {
      this.#at = this.#begunAt;
    } else {
      writeVarintSized(this.#target, this.#lengthAt, bodyBytes, this.#lengthSize);
      this.#at = bodyAt + bodyBytes;
      this.#asks = true;
    }
    this.#begunAt = -1;
  }

  /**
   * `ranges`: descending and apart, at least one number missing between two. Of more than 256 only the
   * highest 256 are written: acknowledging less than one could is always sound.
   */
  ack(link: number, delayMicros: number, ranges: readonly AckRange[]): boolean {
    const count = Math.min(ranges.length, MAX_ACK_RANGES);
    if (this.room < ackSize(link, delayMicros, ranges, count)) return false;
    this.#target[this.#at] = FRAME.ack;
    this.#at += 1;
    this.#varint(link);
    this.#varint(delayMicros);
    this.#varint(count);
    let above = -1;
    for (let i = 0; i < count; i += 1) {
      const { smallest, largest } = ranges[i] as AckRange;
      this.#varint(above < 0 ? largest : above - 1 - largest);
      this.#varint(largest - smallest + 1);
      above = smallest;
    }
    return true;
  }

  /** Of more than 64 ranges of a stream only the lowest 64 are written, which is sound for the same reason. */
  resume(entries: readonly ResumeEntry[]): boolean {
    if (this.room < resumeSize(entries)) return false;
    this.#begin(FRAME.resume);
    this.#varint(entries.length);
    for (const { stream, next, ranges } of entries) {
      this.#varint(stream);
      this.#varint(next);
      this.#varint(Math.min(ranges.length, MAX_RESUME_RANGES));
      let before = next;
      for (const { start, end } of ranges.slice(0, MAX_RESUME_RANGES)) {
        this.#varint(start - before);
        this.#varint(end - start);
        before = end;
      }
    }
    return true;
  }

  datagram(channel: number, id: number, index: number, count: number, bytes: Uint8Array): boolean {
    const numbers = varintSize(channel) + varintSize(id) + varintSize(index) + varintSize(count);
    if (this.room < 1 + numbers + varintSize(bytes.length) + bytes.length) return false;
    this.#begin(FRAME.datagram);
    this.#varint(channel);
    this.#varint(id);
    this.#varint(index);
    this.#varint(count);
    this.#varint(bytes.length);
    this.#bytes(bytes);
    return true;
  }

  prefer(link: number): boolean {
    if (this.room < 1 + varintSize(link)) return false;
    this.#begin(FRAME.prefer);
    this.#varint(link);
    return true;
  }

  /** A text of more than 256 bytes is cut at the end of a character. */
  bye(code: number, text: string): boolean {
    const bytes = cutText(text, MAX_BYE_TEXT_BYTES);
    if (this.room < 1 + varintSize(code) + varintSize(bytes.length) + bytes.length) return false;
    this.#begin(FRAME.bye);
    this.#varint(code);
    this.#varint(bytes.length);
    this.#bytes(bytes);
    return true;
  }

  padding(count: number): boolean {
    if (this.room < count) return false;
    this.#target.fill(FRAME.padding, this.#at, this.#at + count);
    this.#at += count;
    return true;
  }

  /** Begins a frame that asks for an acknowledgement. */
  #begin(type: number): void {
    this.#target[this.#at] = type;
    this.#at += 1;
    this.#asks = true;
  }

  #varint(n: number): void {
    this.#at = writeVarint(this.#target, this.#at, n);
  }

  #bytes(bytes: Uint8Array): void {
    this.#target.set(bytes, this.#at);
    this.#at += bytes.length;
  }
}

function ackSize(
  link: number,
  delayMicros: number,
  ranges: readonly AckRange[],
  count: number,
): number {
  invariant(count >= 1, 'an ACK names at least one record');
  let size = 1 + varintSize(link) + varintSize(delayMicros) + varintSize(count);
  let above = -1;
  for (let i = 0; i < count; i += 1) {
    const { smallest, largest } = ranges[i] as AckRange;
    size += varintSize(above < 0 ? largest : above - 1 - largest);
    size += varintSize(largest - smallest + 1);
    above = smallest;
  }
  return size;
}

function resumeSize(entries: readonly ResumeEntry[]): number {
  let size = 1 + varintSize(entries.length);
  for (const { stream, next, ranges } of entries) {
    const count = Math.min(ranges.length, MAX_RESUME_RANGES);
    size += varintSize(stream) + varintSize(next) + varintSize(count);
    let before = next;
    for (const { start, end } of ranges.slice(0, MAX_RESUME_RANGES)) {
      size += varintSize(start - before) + varintSize(end - start);
      before = end;
    }
  }
  return size;
}

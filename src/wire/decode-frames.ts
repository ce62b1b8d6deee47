import { EtError } from '../base/errors.ts';
import { type AckRange, FRAME, type FrameHandler, type ResumeEntry } from './frames.ts';
import {
  MAX_ACK_RANGES,
  MAX_BYE_TEXT_BYTES,
  MAX_DATAGRAM_PIECES,
  MAX_NUMBER,
  MAX_RECORD_BYTES,
  MAX_RESUME_RANGES,
  MAX_STREAMS,
} from './limits.ts';
import { Reader } from './reader.ts';

/**
 * Walks the frames of an opened record and calls `handler` for each in turn.
 * Returns whether the record asks for an acknowledgement.
 *
 * Throws ET_ERR_FRAME at the first malformed frame; `handler` has then been called for those before it,
 * which is harmless: they came from the authentic peer, and the link ends anyway.
 */
export function decodeFrames(record: Uint8Array, handler: FrameHandler): boolean {
  if (record.length === 0 || record.length > MAX_RECORD_BYTES) {
    throw new EtError(
      'ET_ERR_FRAME',
      `record of ${record.length} bytes outside 1..${MAX_RECORD_BYTES}`,
    );
  }
  const reader = new Reader(record, 'ET_ERR_FRAME');
  let asks = false;
  while (reader.remaining > 0) {
    const type = reader.byte();
    if (type === FRAME.padding) continue;
    if (type !== FRAME.ack) asks = true;
    decodeFrame(type, reader, handler);
  }
  return asks;
}

function decodeFrame(type: number, reader: Reader, handler: FrameHandler): void {
  switch (type) {
    case FRAME.ping:
      handler.onPing();
      break;
    case FRAME.stream:
      decodeStream(reader, handler);
      break;
    case FRAME.ack:
      decodeAck(reader, handler);
      break;
    case FRAME.resume:
      decodeResume(reader, handler);
      break;
    case FRAME.datagram:
      decodeDatagram(reader, handler);
      break;
    case FRAME.prefer:
      handler.onPrefer(reader.varint());
      break;
    case FRAME.bye:
      decodeBye(reader, handler);
      break;
    default:
      throw reader.error(`unknown frame type ${type}`);
  }
}

function decodeStream(reader: Reader, handler: FrameHandler): void {
  const stream = reader.varintWithin(0, MAX_STREAMS - 1, 'stream');
  const offset = reader.varint();
  const length = reader.varintWithin(1, MAX_RECORD_BYTES, 'stream frame length');
  if (offset > MAX_NUMBER - length) throw reader.error(`offset ${offset} + ${length} above 2^53-1`);
  handler.onStream(stream, offset, reader.bytes(length));
}

function decodeAck(reader: Reader, handler: FrameHandler): void {
  const link = reader.varint();
  const delayMicros = reader.varint();
  const count = reader.varintWithin(1, MAX_ACK_RANGES, 'ack range count');
  let largest = reader.varint();
  const ranges: AckRange[] = [];
  for (;;) {
    const length = reader.varintWithin(1, largest + 1, 'ack range length');
    const smallest = largest - length + 1;
    ranges.push({ smallest, largest });
    if (ranges.length === count) break;
    const gap = reader.varintWithin(1, smallest - 1, 'ack gap');
    largest = smallest - 1 - gap;
  }
  handler.onAck(link, delayMicros, ranges);
}

function decodeResume(reader: Reader, handler: FrameHandler): void {
  const count = reader.varintWithin(0, MAX_STREAMS, 'resume stream count');
  const entries: ResumeEntry[] = [];
  while (entries.length < count) entries.push(decodeResumeEntry(reader));
  handler.onResume(entries);
}

function decodeResumeEntry(reader: Reader): ResumeEntry {
  const stream = reader.varintWithin(0, MAX_STREAMS - 1, 'stream');
  const next = reader.varint();
  const count = reader.varintWithin(0, MAX_RESUME_RANGES, 'resume range count');
  const ranges = [];
  let end = next;
  while (ranges.length < count) {
    const start = end + reader.varintWithin(1, MAX_NUMBER - end, 'resume gap');
    end = start + reader.varintWithin(1, MAX_NUMBER - start, 'resume range length');
    ranges.push({ start, end });
  }
  return { stream, next, ranges };
}

function decodeDatagram(reader: Reader, handler: FrameHandler): void {
  const channel = reader.varint();
  const id = reader.varint();
  const index = reader.varint();
  const count = reader.varintWithin(1, MAX_DATAGRAM_PIECES, 'datagram count');
  if (index >= count) throw reader.error(`datagram index ${index} of ${count}`);
  handler.onDatagram(channel, id, index, count, reader.bytes(reader.varint()));
}

function decodeBye(reader: Reader, handler: FrameHandler): void {
  const code = reader.varint();
  const length = reader.varintWithin(0, MAX_BYE_TEXT_BYTES, 'bye text length');
  handler.onBye(code, reader.text(length));
}

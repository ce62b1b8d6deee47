import { invariant } from '../base/invariant.ts';
import { MAX_NUMBER } from './limits.ts';

/**
 * Variable-length integers of RFC 9000 section 16: the two high bits of the first byte give the length.
 *
 *   00 | 6 bits    01 | 14 bits    10 | 30 bits    11 | 62 bits (of which 53 are used)
 */

/** Bytes of the shortest form of `n`. */
export function varintSize(n: number): 1 | 2 | 4 | 8 {
  if (n < 0x40) return 1;
  if (n < 0x40_00) return 2;
  return n < 0x40_00_00_00 ? 4 : 8;
}

/** The most bytes that fit into `roomBytes` behind a varint of their count; 0 when none do. */
export function sizedRoom(roomBytes: number): number {
  if (roomBytes < 2) return 0;
  const count = roomBytes - varintSize(roomBytes);
  // At the edges of the forms the count is smaller than the room by enough for a shorter form.
  return count + 1 + varintSize(count + 1) <= roomBytes ? count + 1 : count;
}

/** Writes the shortest form of `n` at `at`; returns the position behind it. The caller has checked the room. */
export function writeVarint(target: Uint8Array, at: number, n: number): number {
  if (n >= 0 && n < 0x40) {
    target[at] = n;
    return at + 1;
  }
  return writeVarintSized(target, at, n, varintSize(n));
}

/** Writes `n` in the form of `size` bytes, which must hold it: for lengths that are filled in later. */
export function writeVarintSized(
  target: Uint8Array,
  at: number,
  n: number,
  size: 1 | 2 | 4 | 8,
): number {
  invariant(n >= 0 && n <= MAX_NUMBER && varintSize(n) <= size, 'a number fits its varint');
  switch (size) {
    case 1:
      target[at] = n;
      break;
    case 2:
      target[at] = 0x40 | (n >>> 8);
      target[at + 1] = n;
      break;
    case 4:
      writeWord(target, at, (n | 0x80_00_00_00) >>> 0);
      break;
    case 8:
      writeWord(target, at, (Math.floor(n / 0x1_00_00_00_00) | 0xc0_00_00_00) >>> 0);
      writeWord(target, at + 4, n >>> 0);
      break;
  }
  return at + size;
}

function writeWord(target: Uint8Array, at: number, word: number): void {
  target[at] = word >>> 24;
  target[at + 1] = word >>> 16;
  target[at + 2] = word >>> 8;
  target[at + 3] = word;
}

/** The length of the varint that begins with `first`. */
export function varintSizeOf(first: number): number {
  return 1 << (first >> 6);
}

/**
 * The varint of `varintSizeOf(bytes[at])` bytes at `at`, all of which must be there.
 * May exceed `MAX_NUMBER`, and is then inexact: the caller refuses it.
 */
export function readVarint(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  switch (first >> 6) {
    case 0:
      return first;
    case 1:
      return ((first & 0x3f) << 8) | (bytes[at + 1] ?? 0);
    case 2:
      return readWord(bytes, at) & 0x3f_ff_ff_ff;
    default:
      return (readWord(bytes, at) & 0x3f_ff_ff_ff) * 0x1_00_00_00_00 + readWord(bytes, at + 4);
  }
}

function readWord(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16);
  return (high | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;
}

import { concatBytes, copyOf, EMPTY_BYTES } from '../base/bytes.ts';
import { MAX_ROUTED_FRAME_BYTES } from './routed-frames.ts';

const LENGTH_BYTES = 2;

/** What stands before a frame of `bytes` bytes. */
export function encodeFrameLength(bytes: number): Uint8Array {
  return Uint8Array.of(bytes >> 8, bytes & 0xff);
}

/**
 * Cuts frames out of a stream of bytes, in which each stands behind its length, a u16.
 *
 * Between any two calls: `#partial` is less than one frame with its length.
 */
export class FrameCutter {
  #partial: Uint8Array = EMPTY_BYTES;

  /**
   * Calls `onFrame` with each frame that is whole, without its length and valid until the call returns; false from it ends the
   * reading. False: it was ended, or a length is 0 or above `MAX_ROUTED_FRAME_BYTES`, and nothing more is to be read.
   */
  read(bytes: Uint8Array, onFrame: (frame: Uint8Array) => boolean): boolean {
    let unread = bytes;
    let seen = this.#partial;
    while (seen.length > 0 && unread.length > 0) {
      const piece = unread.subarray(0, missingIn(seen));
      unread = unread.subarray(piece.length);
      seen = concatBytes([seen, piece]);
      const missing = missingIn(seen);
      // Checked before any of it is awaited.
      if (missing === undefined) return false;
      if (missing > 0) continue;
      const frame = seen.subarray(LENGTH_BYTES);
      seen = EMPTY_BYTES;
      if (!onFrame(frame)) return false;
    }
    this.#partial = seen;
    return unread.length === 0 || this.#readWhole(unread, onFrame);
  }

  #readWhole(bytes: Uint8Array, onFrame: (frame: Uint8Array) => boolean): boolean {
    let unread = bytes;
    for (;;) {
      const missing = missingIn(unread);
      if (missing === undefined) return false;
      if (missing > 0) break;
      const end = LENGTH_BYTES + lengthOf(unread);
      if (!onFrame(unread.subarray(LENGTH_BYTES, end))) return false;
      unread = unread.subarray(end);
    }
    this.#partial = copyOf(unread);
    return true;
  }
}

/** How many bytes the first frame in `bytes`, or its length, still lacks; `undefined` when it can be none. */
function missingIn(bytes: Uint8Array): number | undefined {
  if (bytes.length < LENGTH_BYTES) return LENGTH_BYTES - bytes.length;
  const length = lengthOf(bytes);
  if (length === 0 || length > MAX_ROUTED_FRAME_BYTES) return undefined;
  return Math.max(0, LENGTH_BYTES + length - bytes.length);
}

function lengthOf(bytes: Uint8Array): number {
  return (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
}

/**
 * A Buffer's memory as a Uint8Array and nothing more. Everybody else takes bytes for Uint8Arrays, whose
 * `slice` copies; a Buffer's does not, and would let kept bytes change afterwards.
 */
export function plainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

/** The byte that one direction of a channel carries at `offset`: known to both ends without being kept. */
function byteAt(key: number, offset: number): number {
  return (offset * 151 + (offset >>> 8) * 31 + (offset >>> 16) * 7 + key * 59 + 13) & 0xff;
}

export function fillPattern(key: number, offset: number, target: Uint8Array): Uint8Array {
  for (let i = 0; i < target.length; i += 1) target[i] = byteAt(key, offset + i);
  return target;
}

/** Index of the first byte that is not what it must be; -1 when all are right. */
export function firstDifference(key: number, offset: number, bytes: Uint8Array): number {
  for (let i = 0; i < bytes.length; i += 1) if (bytes[i] !== byteAt(key, offset + i)) return i;
  return -1;
}

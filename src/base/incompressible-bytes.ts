/**
 * Bytes that no compression shortens, the same each time; random they are not. What measures a path sends them, since ssh may
 * compress what goes through it.
 */
export function incompressibleBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  let state = 0x9e_37_79_b9;
  for (let at = 0; at < count; at += 1) {
    // Marsaglia's xorshift with a period of 2^32 - 1.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

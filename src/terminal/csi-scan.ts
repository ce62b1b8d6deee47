const LEFT_BRACKET = 0x5b;
const DIGIT_0 = 0x30;
const SEMICOLON = 0x3b;
const FIRST_FINAL = 0x40;
const LAST_FINAL = 0x7e;

/** `behindCsi`: it may be one, but is not all there. */
export const CSI_CUT: number = -1;

/** Behind the plain control sequence (numbers and a final byte) that the ESC at `from` begins; `from` where it begins something else; or `CSI_CUT`. */
export function behindCsi(bytes: Uint8Array, from: number): number {
  if (from + 1 >= bytes.length) return CSI_CUT;
  if (bytes[from + 1] !== LEFT_BRACKET) return from;
  for (let at = from + 2; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    if (byte >= DIGIT_0 && byte <= SEMICOLON) continue;
    return byte >= FIRST_FINAL && byte <= LAST_FINAL ? at + 1 : from;
  }
  return CSI_CUT;
}

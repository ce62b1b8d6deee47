import { fromHex } from '../../src/base/bytes.ts';

/** Bytes from hexadecimal digits; white space between them is for the reader. */
export function hex(digits: string): Uint8Array {
  const bytes = fromHex(digits.replaceAll(/\s+/gu, ''));
  if (bytes === undefined) throw new Error(`not hexadecimal: ${digits}`);
  return bytes;
}

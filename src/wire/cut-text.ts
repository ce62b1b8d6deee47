import { utf8 } from '../base/bytes.ts';

/** `text` as UTF-8, cut at the end of a character so that it is at most `maxBytes` long. */
export function cutText(text: string, maxBytes: number): Uint8Array {
  const bytes = utf8(text);
  if (bytes.length <= maxBytes) return bytes;
  let end = maxBytes;
  // A byte 10xxxxxx goes on with the character before it.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}

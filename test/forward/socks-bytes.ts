import { concatBytes, fromHex, utf8 } from '../../src/base/bytes.ts';

/** Bytes as the tests of SOCKS spell them: hexadecimal digits with spaces between, and 'text' in quotes. */
export function wire(text: string): Uint8Array {
  const parts = text.match(/'[^']*'|[^\s']+/gu) ?? [];
  return concatBytes(
    parts.map((part) => {
      const bytes = part.startsWith("'") ? utf8(part.slice(1, -1)) : fromHex(part);
      if (bytes === undefined) throw new Error(`${part} is neither hexadecimal nor in quotes`);
      return bytes;
    }),
  );
}

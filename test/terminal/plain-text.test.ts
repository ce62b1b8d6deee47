import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PlainText } from '../../src/terminal/plain-text.ts';

const ESC = '\x1b';

function plain(...pieces: (string | Uint8Array)[]): string {
  const text = new PlainText();
  const parts = pieces.map((piece) =>
    text.push(typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece),
  );
  return Buffer.concat([...parts, text.end()]).toString();
}

describe('plain text of output', () => {
  test.each([
    ['a\r\nb\r\n', 'a\nb\n'],
    ['a\nb', 'a\nb\n'],
    ['', ''],
    ['tab\there\r\n', 'tab\there\n'],
    ['10 %\r20 %\r100 %\r\n', '100 %\n'],
    ['longer\rab\r\n', 'abnger\n'],
    ['longer\rab\x1b[K\r\n', 'ab\n'],
    ['abc\b\bX\r\n', 'aXc\n'],
    ['ls -x\b\b\x1b[Kal\r\n', 'ls al\n'],
    ['abcdef\r\x1b[2P\r\n', 'cdef\n'],
    ['abc\r\x1b[1@X\r\n', 'Xabc\n'],
    ['a\x1b[3Cb\r\n', 'a   b\n'],
    ['abc\x1b[2DX\r\n', 'aXc\n'],
    ['abc\x1b[1GX\r\n', 'Xbc\n'],
    ['abc\x1b[2K\rd\r\n', 'd  \n'],
    ['abc\x1b[1K\r\n', '   \n'],
    ['one\x1b[5;1Htwo\r\n', 'one\ntwo\n'],
    ['\x1b[31mred\x1b[0m é€𝄞\r\n', 'red é€𝄞\n'],
    ['a\x1b]0;title\x07b\x1b]8;;http://x\x1b\\c\x1b]8;;\x1b\\\r\n', 'abc\n'],
    ['a\x1bP+q544e\x1b\\b\x1b_Gx;y\x1b\\c\x1bktitle\x1b\\d\x1b^e\x1b\\\r\n', 'abcd\n'],
    ['a\x1b(0b\x1b=c\x1b7\x1b8\r\n', 'abc\n'],
    ['a\x07\x00\x0e\x0f\x7f\u009bb\r\n', 'ab\n'],
    ['a\x1b[3\r\n1mb\r\n', 'a\nb\n'],
    ['a\x1b[3\x18b\x1b]0;x\x1ac\r\n', 'abc\n'],
    ['a\x1b]0;x\x1b[1mb\r\n', 'ab\n'],
  ])('of %j is %j', (output, expected) => {
    expect(plain(output)).toBe(expected);
    expect(plain(...Array.from(Buffer.from(output), (byte) => Uint8Array.of(byte)))).toBe(expected);
  });

  test('holds one line of 64 KiB at the most', () => {
    const text = new PlainText();
    let given = 0;
    for (let count = 0; count < 100; count += 1) {
      given += text.push(Buffer.from('0123456789'.repeat(1000))).length;
      expect((count + 1) * 10_000 - given).toBeLessThanOrEqual(65_536);
    }
    expect(given + text.end().length).toBe(1_000_001);
    for (const long of [`${ESC}[99999999C`, `${ESC}[99999999@`, `${ESC}[99999999G`]) {
      const moved = new PlainText();
      for (let count = 0; count < 10; count += 1) moved.push(Buffer.from(`${long}a${long}\b`));
      expect(moved.end().length).toBeLessThanOrEqual(65_537);
    }
  });

  test('has no control characters but tabs and newlines, whatever the output and its cuts', () => {
    const byte = fc.oneof(
      fc.constantFrom(...Buffer.from('\x1b\x1b[]P_\\0145;KCDGP@H\x07\x18\r\n\b\tabc')),
      fc.integer({ min: 0, max: 255 }),
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 80 }), fc.nat(), (bytes, cut) => {
        const whole = Uint8Array.from(bytes);
        const at = whole.length === 0 ? 0 : cut % whole.length;
        const text = plain(whole);
        expect(plain(whole.subarray(0, at), whole.subarray(at))).toBe(text);
        expect(text.replaceAll(/[\t\n]/gu, '')).not.toMatch(/\p{Cc}/u);
      }),
      { numRuns: 3000 },
    );
  });
});

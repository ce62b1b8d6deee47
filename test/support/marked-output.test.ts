import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MarkedOutput, seqDigest } from './marked-output.ts';

const NOTICE = '\r\n[everterm: 7 bytes of output were not kept]\r\n';

function sha(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex');
}

test('a counted output is found however it comes in pieces, without what stands before, behind and between', () => {
  const part = fc.constantFrom(
    '1\n',
    '\r\n',
    '\r\n[ever',
    'everterm: ',
    ']',
    NOTICE,
    'x'.repeat(500),
  );
  fc.assert(
    fc.property(fc.array(part), fc.array(fc.nat(40)), (parts, sizes) => {
      const isCutShort = (text: string): boolean =>
        text.split('[everterm: ').length > parts.filter((each) => each === NOTICE).length + 1;
      const whole = parts.join('');
      fc.pre(!isCutShort(whole));
      const plain = parts.filter((each) => each !== NOTICE).join('');
      const bytes = Buffer.from(`$ \x02${whole}\x03$ `, 'latin1');
      const output = new MarkedOutput();
      let at = 0;
      for (const size of sizes) {
        output.push(bytes.subarray(at, at + size));
        at += size;
      }
      output.push(bytes.subarray(at));
      const count = parts.length - parts.filter((each) => each !== NOTICE).length;
      expect(output.isOver).toBe(true);
      expect(output.find()).toEqual({
        bytes: plain.length,
        digest: sha(plain),
        notices: Array.from({ length: count }, () => '7 bytes of output were not kept'),
        missing: 7 * count,
      });
    }),
  );
});

test('the end of seq is that of seq', () => {
  const text = Array.from({ length: 1234 }, (_, at) => `${at + 1}\n`).join('');
  expect(seqDigest(1234)).toEqual({ bytes: text.length, digest: sha(text) });
  expect(seqDigest(1234, 100)).toEqual({ bytes: 100, digest: sha(text.slice(-100)) });
});

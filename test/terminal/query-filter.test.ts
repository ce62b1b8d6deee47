import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QueryFilter } from '../../src/terminal/query-filter.ts';
import { SEED } from '../support/seed.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const ESC = '\x1b';
const ST = `${ESC}\\`;

/** What passes, where the output comes in pieces. */
function filtered(...pieces: (string | Uint8Array)[]): string {
  const filter = new QueryFilter();
  const parts = pieces.map((piece) =>
    filter.push(typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece),
  );
  return Buffer.concat([...parts.map((part) => Buffer.from(part)), filter.flush()]).toString();
}

/** `bytes` in random pieces. */
function inPieces(bytes: Uint8Array, random: SeededRandom): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + random.integer(1, random.chance(0.5) ? 3 : 40);
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}

const QUERIES = [
  '\x05',
  `${ESC}Z`,
  `${ESC}[c`,
  `${ESC}[0c`,
  `${ESC}[>c`,
  `${ESC}[>0c`,
  `${ESC}[=c`,
  `${ESC}[5n`,
  `${ESC}[6n`,
  `${ESC}[?6n`,
  `${ESC}[?996n`,
  `${ESC}[x`,
  `${ESC}[1x`,
  `${ESC}[4$p`,
  `${ESC}[?2026$p`,
  `${ESC}[>q`,
  `${ESC}[>0q`,
  `${ESC}[?u`,
  `${ESC}[?4m`,
  `${ESC}[?1;1;0S`,
  `${ESC}[11t`,
  `${ESC}[14t`,
  `${ESC}[14;2t`,
  `${ESC}[18t`,
  `${ESC}[21t`,
  `${ESC}[1;1;1;1;10;10*y`,
  `${ESC}[1$w`,
  `${ESC}[1$u`,
  `${ESC}P$qm${ST}`,
  `${ESC}P$q q${ST}`,
  `${ESC}P+q544e;524742${ST}`,
  `${ESC}]4;1;?\x07`,
  `${ESC}]4;1;?;2;?${ST}`,
  `${ESC}]10;?\x07`,
  `${ESC}]11;?${ST}`,
  `${ESC}]11;?\x07`,
  `${ESC}]12;?\x07`,
  `${ESC}]10;?;?;?${ST}`,
  `${ESC}]17;?\x07`,
  `${ESC}]19;?\x07`,
  `${ESC}]21;foreground=?;cursor=?${ST}`,
  `${ESC}]22;?${ST}`,
  `${ESC}]50;?\x07`,
  `${ESC}]52;c;?\x07`,
  `${ESC}]1337;ReportCellSize\x07`,
  `${ESC}_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA${ST}`,
  `${ESC}_Ga=q${ST}`,
  '\u009bc',
  '\u009b6n',
  '\u009d11;?\u009c',
  '\u0090$qm\u009c',
  '\u009a',
];

const OTHERS = [
  'text\r\n',
  'é€𝄞',
  'Â£©',
  `${ESC}[31m`,
  `${ESC}[?1;2c`,
  `${ESC}[?5c`,
  `${ESC}[>4n`,
  `${ESC}[>4;2m`,
  `${ESC}[>1u`,
  `${ESC}[<u`,
  `${ESC}[=1;1u`,
  `${ESC}[u`,
  `${ESC}[2 q`,
  `${ESC}[1"q`,
  `${ESC}[!p`,
  `${ESC}[61;1"p`,
  `${ESC}[4S`,
  `${ESC}[22;0t`,
  `${ESC}[23;0t`,
  `${ESC}[8;24;80t`,
  `${ESC}[65;1;1;2;2$x`,
  `${ESC}[2*x`,
  `${ESC}[?2026h`,
  `${ESC}[1;2:3:4;5m`,
  `${ESC}[ 6n`,
  `${ESC}[6\r\n;1H`,
  `${ESC}[6\x18n`,
  `${ESC}7${ESC}8${ESC}(0${ESC}#8${ESC}c`,
  `${ESC}${ESC}[m`,
  `${ESC}\\`,
  `${ESC}]0;title ?\x07`,
  `${ESC}]2;title${ST}`,
  `${ESC}]4;1;rgb:11/22/33\x07`,
  `${ESC}]10;#fff\x07`,
  `${ESC}]104;1\x07`,
  `${ESC}]110\x07`,
  `${ESC}]8;;http://x/?${ST}link${ESC}]8;;${ST}`,
  `${ESC}]52;c;aGk=\x07`,
  `${ESC}]22;text${ST}`,
  `${ESC}]7;file://h/d\x07`,
  `${ESC}]11;?\x18`,
  `${ESC}Pq#0;2;0;0;0#0~~@@\x07${ST}`,
  `${ESC}P1$r0m${ST}`,
  `${ESC}Ptmux;x${ST}`,
  `${ESC}_Ga=T,f=100;AAAA${ST}`,
  `${ESC}_Gi=1,f=24,s=1,v=1,q=2;a=q,${ST}`,
  `${ESC}_other a=q${ST}`,
  `${ESC}^pm \x05 a=q;${ST}`,
  `${ESC}kname${ST}`,
  `${ESC}P1000p%begin\r\n%output %1 ${ESC}[6n\x05\r\n%exit\r\n${ST}`,
  '\u009b31m',
  '\u0085',
];

describe('the filter of questions', () => {
  test.each(QUERIES)('takes out %j', (query) => {
    expect(filtered(`a${query}b`)).toBe('ab');
    for (let cut = 0; cut <= query.length; cut += 1) {
      expect(filtered(`a${query.slice(0, cut)}`, `${query.slice(cut)}b`)).toBe('ab');
    }
  });

  test.each(OTHERS)('passes %j', (output) => {
    expect(filtered(`a${output}b`)).toBe(`a${output}b`);
    const bytes = Buffer.from(`a${output}b`);
    expect(filtered(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toBe(`a${output}b`);
  });

  test.each([
    [`${ESC}[6\r\nn`, '\r\n'],
    [`${ESC}]4;1;?;2;rgb:1/2/3\x07`, `${ESC}]4;2;rgb:1/2/3\x07`],
    [`${ESC}]10;?;#000;?;#111\x07`, `${ESC}]11;#000\x07${ESC}]13;#111\x07`],
    [`${ESC}]10;#000;?${ST}`, `${ESC}]10;#000${ST}`],
    [`${ESC}]21;foreground=?;cursor=red${ST}`, `${ESC}]21;cursor=red${ST}`],
    [`${ESC}]11;?${ESC}[31m`, `${ESC}[31m`],
    [`${ESC}P$qm${ESC}[31m`, `${ESC}[31m`],
    [`${ESC}]11\n;?\x07`, ''],
    [`${ESC}[31\x05m`, `${ESC}[31m`],
  ])('leaves of %j what is no question: %j', (output, left) => {
    expect(filtered(output)).toBe(left);
  });

  test('passes what is not UTF-8', () => {
    const bytes = Uint8Array.from([0x80, 0xc2, 0x41, 0xff, 0xc2, 0xc2, 0xa9, 0xe2, 0x82, 0xc2]);
    const filter = new QueryFilter();
    const parts = [...bytes].map((byte) => filter.push(Uint8Array.of(byte)));
    expect(Buffer.concat([...parts, filter.flush()])).toEqual(Buffer.from(bytes));
  });

  test('passes what is too long for a question', () => {
    for (const output of [
      `${ESC}]11;${'?'.repeat(100_000)}\x07after`,
      `${ESC}]52;c;${'A\x05'.repeat(100_000)}\x07`,
      `${ESC}_Gf=100,${'x=1,'.repeat(5000)};\x05${ST}`,
      `${ESC}[${'1;'.repeat(10_000)}m`,
    ]) {
      expect(filtered(output)).toBe(output);
    }
    const long = `${ESC}]52;c;${'A'.repeat(5000)}\x07`;
    expect(filtered(`${long}${ESC}[6n\x05.`)).toBe(`${long}.`);
  });

  test('gives what it held at the end, and starts anew', () => {
    const filter = new QueryFilter();
    expect(filter.push(Buffer.from(`a${ESC}]11`)).length).toBe(1);
    expect(Buffer.from(filter.flush()).toString()).toBe(`${ESC}]11`);
    expect(Buffer.from(filter.push(Buffer.from(';?\x07'))).toString()).toBe(';?\x07');
  });

  test(`takes out questions only, whatever the cuts (seed ${SEED})`, () => {
    const random = new SeededRandom(SEED);
    for (let round = 0; round < 3000; round += 1) {
      let output = '';
      let left = '';
      for (let count = random.integer(1, 12); count > 0; count -= 1) {
        const isQuery = random.chance(0.4);
        const list = isQuery ? QUERIES : OTHERS;
        const part = list[random.integer(0, list.length - 1)] ?? '';
        output += part;
        if (!isQuery) left += part;
      }
      expect(filtered(...inPieces(Buffer.from(output), random))).toBe(left);
    }
  });

  test('gives the same for random bytes, however they are cut', () => {
    const byte = fc.oneof(
      fc.constantFrom(...Buffer.from('\x1b\x1b\x1b[]P_\\Gaq=;?0146cntpuxR$*>\x07\x05\x18\r\n')),
      fc.constantFrom(0xc2, 0x9b, 0x9c, 0x9d, 0x90),
      fc.integer({ min: 0, max: 255 }),
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 60 }), fc.nat(), (bytes, seed) => {
        const whole = Uint8Array.from(bytes);
        const cut = inPieces(whole, new SeededRandom(seed));
        expect(filtered(...cut)).toBe(filtered(whole));
      }),
      { numRuns: 5000 },
    );
  });
});

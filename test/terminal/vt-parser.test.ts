import { expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import type { CsiSequence } from '../../src/terminal/csi-sequence.ts';
import { type VtHandler, VtParser } from '../../src/terminal/vt-parser.ts';
import { SEED } from '../support/seed.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const ESC = '\u001b';
/** What output is put together of: a rendition is cut, broken and interrupted in every way. */
const PARTS = [
  'text',
  'é',
  '漢',
  '\u000e',
  '\u000f',
  '\u0018',
  '\u0007',
  '\r\n',
  'm',
  '[',
  ';',
  '1',
  '\u007f',
  ESC,
  `${ESC}[`,
  `${ESC}[m`,
  `${ESC}[0m`,
  `${ESC}[1;38:2::1:2:3m`,
  `${ESC}[38;5`,
  `${ESC}[>4;2m`,
  `${ESC}[1 m`,
  `${ESC}[?25h`,
  `${ESC}[22;0t`,
  `${ESC}[31`,
  `${ESC}]0;a title${ESC}\\`,
  `${ESC}]2;t`,
  `${ESC}P1$r0m${ESC}\\`,
  `${ESC}(0`,
  `${ESC}P1000p`,
  `\r\n${ESC}\\`,
  'a run of text that is longer than others',
];

/** Says what it was told, but for plain renditions; both handlers leave them out, one by not being told. */
class Listener implements VtHandler {
  readonly told: string[] = [];
  readonly skipsRenditions: boolean;

  constructor(skipsRenditions: boolean) {
    this.skipsRenditions = skipsRenditions;
  }

  shift(byte: number): void {
    this.told.push(`shift ${byte}`);
  }

  escape(intermediate: number, final: number): void {
    this.told.push(`escape ${intermediate} ${final}`);
  }

  csi(sequence: CsiSequence): void {
    const { prefix, intermediate, final, count } = sequence;
    if (!sequence.is(0, 0, 'm')) this.told.push(`csi ${prefix} ${intermediate} ${final} ${count}`);
  }

  osc(payload: string): void {
    this.told.push(`osc ${payload}`);
  }
}

function stateOf({ isGround, isControlMode, isString }: VtParser): string {
  return JSON.stringify({ isGround, isControlMode, isString });
}

test(`who skips renditions is told everything else, however the output was cut (seed ${SEED})`, () => {
  const random = new SeededRandom(SEED);
  for (let round = 0; round < 2000; round += 1) {
    const length = random.integer(1, 30);
    const parts = Array.from({ length }, () => PARTS[random.integer(0, PARTS.length - 1)]);
    const bytes = utf8(parts.join(''));
    const [all, fewer] = [new Listener(false), new Listener(true)];
    const [whole, skipping] = [new VtParser(all), new VtParser(fewer)];
    for (let at = 0; at < bytes.length; ) {
      const end = at + random.integer(1, 40);
      whole.push(bytes.subarray(at, end));
      skipping.push(bytes.subarray(at, end));
      at = end;
      expect(stateOf(skipping), JSON.stringify(parts)).toBe(stateOf(whole));
    }
    expect(fewer.told, JSON.stringify(parts)).toEqual(all.told);
  }
});

import type { CsiSequence } from './csi-sequence.ts';

/** What a rendition parameter sets, as bits; those that it clears in CLEARS. Colours by range below. */
const FOREGROUND = 1 << 16;
const BACKGROUND = 1 << 17;
const UNDERLINE_COLOR = 1 << 18;
const INTENSITY = 1 << 1;
const ITALIC = 1 << 3;
const UNDERLINE = 1 << 4;
const BLINK = 1 << 5;
const INVERSE = 1 << 7;
const CONCEALED = 1 << 8;
const STRUCK = 1 << 9;
const FONT = 1 << 10;
const FRAME = 1 << 11;
const OVERLINE = 1 << 12;
const SCRIPT = 1 << 13;

const SETS: Readonly<Record<number, number>> = {
  1: INTENSITY,
  2: INTENSITY,
  3: ITALIC,
  4: UNDERLINE,
  5: BLINK,
  6: BLINK,
  7: INVERSE,
  8: CONCEALED,
  9: STRUCK,
  20: ITALIC,
  21: UNDERLINE,
  38: FOREGROUND,
  48: BACKGROUND,
  51: FRAME,
  52: FRAME,
  53: OVERLINE,
  58: UNDERLINE_COLOR,
  73: SCRIPT,
  74: SCRIPT,
};

const CLEARS: Readonly<Record<number, number>> = {
  10: FONT,
  22: INTENSITY,
  23: ITALIC,
  24: UNDERLINE,
  25: BLINK,
  27: INVERSE,
  28: CONCEALED,
  29: STRUCK,
  39: FOREGROUND,
  49: BACKGROUND,
  54: FRAME,
  55: OVERLINE,
  59: UNDERLINE_COLOR,
  75: SCRIPT,
};

/** The bits of `attributes` after an SGR sequence; 0 means plain text. */
export function renditionAfter(attributes: number, sequence: CsiSequence): number {
  if (sequence.count === 0) return 0;
  let after = attributes;
  for (let index = 0; index < sequence.count; ) {
    const code = sequence.value(index, 0);
    const next = behind(sequence, index, code);
    // 4:0 is "no underline"; other numbers behind a colon only say how.
    const isOff = code === 4 && sequence.isSub(index + 1) && sequence.value(index + 1, 1) === 0;
    after = isOff ? after & ~UNDERLINE : applied(after, code);
    index = next;
  }
  return after;
}

function applied(attributes: number, code: number): number {
  if (code === 0) return 0;
  if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) return attributes | FOREGROUND;
  if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) return attributes | BACKGROUND;
  if (code >= 11 && code <= 19) return attributes | FONT;
  return (attributes | (SETS[code] ?? 0)) & ~(CLEARS[code] ?? 0);
}

/** Where the next code stands: behind the numbers that belong to this one. */
function behind(sequence: CsiSequence, index: number, code: number): number {
  let next = index + 1;
  if (sequence.isSub(next)) {
    while (sequence.isSub(next)) next += 1;
    return next;
  }
  if (code !== 38 && code !== 48 && code !== 58) return next;
  const kind = sequence.value(next, 0);
  if (kind === 5) return next + 2;
  return kind === 2 ? next + 4 : next;
}

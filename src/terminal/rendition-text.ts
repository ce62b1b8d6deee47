/**
 * A rendition and a link as the library packs them, so that two can be compared at a glance.
 *
 *   bits      0 .. 23          24, 25   26        27    28         29     30         31
 *   fg        colour           its kind inverse   bold  underline  blink  invisible  struck
 *   bg        colour           its kind italic    dim   (extended) protected  overline
 *   extended  underline colour its kind 26 .. 28: underline style
 *
 * Kinds: 0 default, 1 one of the 16, 2 one of the 256, 3 red, green, blue.
 */
export interface Rendition {
  fg: number;
  bg: number;
  extended: number;
  /** 0 for none. */
  link: number;
}

export const PLAIN: Readonly<Rendition> = { fg: 0, bg: 0, extended: 0, link: 0 };

export const UNDERLINE_BIT = 0x10_00_00_00;
/** Of `bg`, and no attribute: the library's mark that `extended` counts. */
export const EXTENDED_BIT = 0x10_00_00_00;
const PROTECTED_BIT = 0x20_00_00_00;
const STYLE_SHIFT = 26;

const FOREGROUND_FLAGS: readonly (readonly [number, number])[] = [
  [0x08_00_00_00, 1],
  [0x20_00_00_00, 5],
  [0x04_00_00_00, 7],
  [0x40_00_00_00, 8],
  [0x80_00_00_00, 9],
];
const BACKGROUND_FLAGS: readonly (readonly [number, number])[] = [
  [0x08_00_00_00, 2],
  [0x04_00_00_00, 3],
  [0x40_00_00_00, 53],
];

/** What sets exactly this rendition, whichever was before; the link is apart. */
export function renditionText(rendition: Rendition, before: Rendition): string {
  const { fg, bg, extended } = rendition;
  const codes: (number | string)[] = [];
  for (const [bit, code] of FOREGROUND_FLAGS) if ((fg & bit) !== 0) codes.push(code);
  for (const [bit, code] of BACKGROUND_FLAGS) if ((bg & bit) !== 0) codes.push(code);
  if ((fg & UNDERLINE_BIT) !== 0) codes.push(underline((extended >> STYLE_SHIFT) & 7));
  codes.push(...color(fg, 30), ...color(bg, 40), ...underlineColor(extended));
  // Without a number it is 0 too, and shorter.
  const reset = codes.length === 0 ? '' : '0;';
  return `\x1b[${reset}${codes.join(';')}m${protection(bg, before.bg)}`;
}

/** 1 is the one that every terminal knows. */
function underline(style: number): string {
  return style < 2 ? '4' : `4:${style}`;
}

/** `base`: 30 for text, 40 for background. */
function color(packed: number, base: number): (number | string)[] {
  const value = packed & 0xff_ff_ff;
  switch ((packed >> 24) & 3) {
    case 1:
      return [(value & 8) === 0 ? base + (value & 7) : base + 60 + (value & 7)];
    case 2:
      return [base + 8, 5, value & 0xff];
    case 3:
      return [base + 8, 2, value >> 16, (value >> 8) & 0xff, value & 0xff];
    default:
      return [];
  }
}

function underlineColor(packed: number): string[] {
  const value = packed & 0xff_ff_ff;
  switch ((packed >> 24) & 3) {
    case 1:
    case 2:
      return [`58:5:${value & 0xff}`];
    case 3:
      return [`58:2::${value >> 16}:${(value >> 8) & 0xff}:${value & 0xff}`];
    default:
      return [];
  }
}

/** Protection from selective erasure: for some terminals resetting the rendition ends it, for others not. */
function protection(bg: number, before: number): string {
  if ((bg & PROTECTED_BIT) !== 0) return '\x1b[1"q';
  return (before & PROTECTED_BIT) === 0 ? '' : '\x1b[0"q';
}

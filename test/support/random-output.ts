import type { SeededRandom } from './seeded-random.ts';

const ESC = '\x1b';
const CHARACTERS = ['a', 'B', '7', ' ', '~', '#', 'q', 'x', 'é', 'ß', '─', '█'];
const WIDE = ['漢', '字', 'あ', '한', '😀', '🎉', '⌚'];
const JOINING = ['\u0301', '\u0308'];

type Part = (random: SeededRandom, size: OutputSize) => string;

/** How large the screen is on which random output is to be shown. */
export interface OutputSize {
  readonly columns: number;
  readonly rows: number;
}

function pick<Value>(random: SeededRandom, values: readonly Value[]): Value {
  return values[random.integer(0, values.length - 1)] as Value;
}

function text(random: SeededRandom, { columns }: OutputSize): string {
  const length = random.chance(0.2) ? columns : random.integer(1, 8);
  return Array.from({ length }, () => pick(random, CHARACTERS)).join('');
}

function color(random: SeededRandom, base: number): string {
  switch (random.integer(0, 3)) {
    case 0:
      return String(base + random.integer(0, 7));
    case 1:
      return String(base + 60 + random.integer(0, 7));
    case 2:
      return `${base + 8};5;${random.integer(0, 255)}`;
    default:
      return `${base + 8}${pick(random, [';2;', ':2::'])}1;2;3`.replace(/:2::.*/u, ':2::7:8:255');
  }
}

function rendition(random: SeededRandom): string {
  const parts = Array.from({ length: random.integer(0, 3) }, () => {
    switch (random.integer(0, 5)) {
      case 0:
        return color(random, 30);
      case 1:
        return color(random, 40);
      case 2:
        return pick(random, ['4', '4:0', '4:1', '4:2', '4:3', '4:4', '4:5', '21', '24']);
      case 3:
        return pick(random, [
          '58;5;9',
          '58:5:200',
          '58;2;1;2;3',
          '58:2::9:8:7',
          '58;2;255;255;255',
          '59',
        ]);
      case 4:
        return pick(random, ['0', '39', '49', '22', '23', '25', '27', '28', '29', '55']);
      default:
        return pick(random, ['1', '2', '3', '5', '7', '8', '9', '53']);
    }
  });
  return `${ESC}[${parts.join(';')}m`;
}

function number(random: SeededRandom, most: number): string {
  return random.chance(0.2) ? '' : String(random.integer(0, most + 1));
}

function wide(random: SeededRandom): string {
  return pick(random, WIDE) + pick(random, ['', pick(random, WIDE) + pick(random, CHARACTERS)]);
}

const WRITING: readonly Part[] = [
  text,
  text,
  text,
  (random) => pick(random, CHARACTERS) + pick(random, JOINING) + pick(random, JOINING),
  () => '\r\n',
  () => '\r\n',
  rendition,
  rendition,
];

const goTo: Part = (random, { columns, rows }) =>
  `${ESC}[${number(random, rows)};${number(random, columns)}${pick(random, ['H', 'f'])}`;

const MOVING: readonly Part[] = [
  goTo,
  (random) => pick(random, ['\n', '\r', '\b', '\t', '\v', '\x07', `${ESC}D`, `${ESC}M`, `${ESC}E`]),
  (random, { columns }) => `${ESC}[${number(random, columns)}${pick(random, 'CDG`XP'.split(''))}`,
  (random, { rows }) => `${ESC}[${number(random, rows)}${pick(random, 'ABEFdST'.split(''))}`,
  // Where the cursor is afterwards is not the same everywhere.
  (random, { rows }) => `${ESC}[${number(random, rows)}${pick(random, ['L', 'M'])}\r`,
  (random) => `${ESC}[${pick(random, ['', '0', '1', '2'])}${pick(random, ['J', 'K'])}`,
];

const SPECIAL: readonly Part[] = [
  wide,
  wide,
  (random, { rows }) => `${ESC}[${number(random, rows)}${pick(random, ['L', 'M'])}`,
  (random) => `${ESC}[?${pick(random, ['', '0', '1', '2'])}${pick(random, ['J', 'K'])}`,
  (random) => `${ESC}[${number(random, 9)}${pick(random, ['a', 'e', '@', '@'])}`,
  (random) => `${ESC}[${number(random, 3)}${pick(random, ['I', 'Z', 'b'])}`,
  (random) => `${ESC}[${pick(random, ['', '0', '1', '2'])}"q`,
];

const STATE: readonly Part[] = [
  (random, { rows }) => `${ESC}[${number(random, rows)};${number(random, rows)}r`,
  (random) =>
    `${ESC}[?${pick(random, ['1049', '1049', '1047', '47', '1048'])}${pick(random, ['h', 'l'])}`,
  (random) =>
    `${ESC}[?${pick(random, ['1', '5', '6', '7', '12', '25', '45', '66', '1004', '2004', '2026', '1007', '2031', '2048', '2'])}${pick(random, ['h', 'h', 'l'])}`,
  (random) =>
    `${ESC}[?${pick(random, ['9', '1000', '1002', '1003', '1005', '1006', '1015', '1016'])}${pick(random, ['h', 'h', 'l'])}`,
  (random) => `${ESC}[${pick(random, ['4', '20'])}${pick(random, ['h', 'l'])}`,
  (random) => pick(random, [`${ESC}7`, `${ESC}8`, `${ESC}[s`, `${ESC}[u`]),
  (random) => pick(random, [`${ESC}=`, `${ESC}>`]),
  (random) => `${ESC}${pick(random, '()*+'.split(''))}${pick(random, '0AB4'.split(''))}`,
  (random) => pick(random, ['\x0e', '\x0f', `${ESC}n`, `${ESC}o`]),
  (random) => pick(random, [`${ESC}H`, `${ESC}[g`, `${ESC}[3g`]),
  (random) => `${ESC}[${number(random, 6)} q`,
  (random) => `${ESC}]${pick(random, ['0', '1', '2'])};title ${random.integer(0, 99)}\x07`,
  (random) => `${ESC}[${pick(random, ['22', '23'])};${pick(random, ['0', '1', '2'])}t`,
  (random) =>
    `${ESC}]8;${pick(random, ['', 'id=a'])};${pick(random, ['', 'http://x/', 'file:///y'])}${ESC}\\`,
  (random) =>
    `${ESC}]${pick(random, ['4;1;#123456', '4;200;red', '104', '104;1', '10;#fff', '11;#000;#111', '12;blue', '110', '111', '112'])}\x07`,
  (random) => `${ESC}[>${random.integer(0, 31)}u`,
  (random) => `${ESC}[<${number(random, 2)}u`,
  (random) => `${ESC}[=${random.integer(0, 31)};${random.integer(1, 3)}u`,
  (random) => `${ESC}[>4;${random.integer(0, 2)}m`,
];

const RARE: readonly Part[] = [
  () => '\u{1f469}\u200d\u{1f680}\u2764\ufe0f',
  () => `${ESC}c`,
  () => `${ESC}[!p`,
  () => `${ESC}#8`,
  () => `${ESC}[3J`,
  () => `${ESC}[6n${ESC}[c${ESC}]11;?\x07`,
  () => `${ESC}P$qm${ESC}\\${ESC}_Gi=1;x${ESC}\\${ESC}kname${ESC}\\`,
  () => `${ESC}[99999999L${ESC}[99999999S${ESC}[99999999I`,
];

function other(random: SeededRandom): readonly Part[] {
  if (random.chance(0.2)) return SPECIAL;
  return random.chance(0.3) ? STATE : random.chance(0.4) ? MOVING : WRITING;
}

/** Output with everything in it that a screen keeps. */
export function randomOutput(random: SeededRandom, size: OutputSize, count: number): string {
  let output = '';
  for (let left = count; left > 0; left -= 1) {
    const kinds = random.chance(0.02) ? RARE : other(random);
    output += pick(random, kinds)(random, size);
  }
  return output;
}

/**
 * Output that only draws, in ways in which all terminals agree: where a cursor that waits behind the last
 * column moves to is not one of them, nor what is left of a wide character of which one half is overwritten.
 */
export function randomDrawing(random: SeededRandom, size: OutputSize, count: number): string {
  let output = '';
  for (let left = count; left > 0; left -= 1) {
    if (random.chance(0.4)) output += goTo(random, size) + pick(random, MOVING)(random, size);
    else output += pick(random, WRITING)(random, size);
  }
  return output;
}

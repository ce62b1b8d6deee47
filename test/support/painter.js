// Draws on a terminal, in bursts of frames whose content a seed decides: `node painter.js DIRECTORY SEED`. A burst begins when the file
// `go` in DIRECTORY has its number, and the file `done` has it when the last frame of it has been handed to the terminal.

import { readFileSync, writeFileSync } from 'node:fs';

const [directory, seedText] = process.argv.slice(2);
const { columns = 80, rows = 24 } = process.stdout;
const FRAMES = 50;
const FRAME_EVERY_MS = 12;
const ESC = '\x1b';
let state = Number(seedText) >>> 0;

/** A whole number below `limit`: mulberry32. */
function below(limit) {
  state = (state + 0x6d_2b_79_f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
}

const pick = (values) => values[below(values.length)];
const at = (row, column) => `${ESC}[${row};${column}H`;
const word = () => pick(['alpha', 'βήτα', 'γ', 'e\u0301tude', 'plain text', '┌──┐']);
const color = () =>
  pick([
    `${ESC}[${30 + below(8)}m`,
    `${ESC}[${90 + below(8)};${40 + below(8)}m`,
    `${ESC}[38;5;${below(256)}m`,
    `${ESC}[48;2;${below(256)};${below(256)};${below(256)}m`,
    `${ESC}[1;4m`,
    `${ESC}[7m`,
    `${ESC}[3;9m`,
    `${ESC}[m`,
  ]);

/** What a burst begins with: where it draws, and in which modes. */
function scene() {
  const off = [1000, 1002, 1003, 1004, 1006, 2004, 1, 6].map((mode) => `${ESC}[?${mode}l`).join('');
  const title = `${ESC}]2;burst ${below(1000)}${ESC}\\`;
  const modes = [
    `${ESC}[?1002h${ESC}[?1006h`,
    `${ESC}[?1000h`,
    `${ESC}[?1003h${ESC}[?1006h`,
    `${ESC}[?25l`,
    `${ESC}[?1h${ESC}=`,
    `${ESC}[?2004h${ESC}[?1004h`,
  ].filter(() => below(3) === 0);
  const top = 2 + below(5);
  const region = below(2) === 0 ? `${ESC}[${top};${rows - 1 - below(5)}r` : '';
  const screen = pick([`${ESC}[?1049h`, `${ESC}[?1049l`, '']);
  const clear = `${ESC}[m${ESC}[r${ESC}[?25h${ESC}>${ESC}[H${ESC}[2J`;
  return `${off}${ESC}[m${screen}${clear}${title}${modes.join('')}${region}${at(1 + below(rows), 1)}`;
}

/**
 * What terminals do alike, whatever was there before: nothing is erased or scrolled in a colour, no lines are inserted outside of a region
 * for scrolling, and nothing stands at the right margin or overwrites half a character.
 */
function frame() {
  const anywhere = at(1 + below(rows), 1 + below(columns - 20));
  return pick([
    () => `\r${color()}${word()} ${below(1000)}${ESC}[m\r\n`,
    () => `${anywhere}${color()}${word()}`,
    () => `${anywhere}${color()}${word()}${ESC}[m${ESC}[K`,
    () => `${anywhere}${ESC}[m${ESC}[${1 + below(9)}${pick(['P', '@', 'X'])}`,
    () => `\r${color()}${word().repeat(1 + below(7))}${ESC}[m\r\n`,
    () => `${ESC}7${anywhere}${color()}*${ESC}8`,
    () => `\r${ESC}[m${ESC}M${color()}up`,
  ])();
}

/** The last frame: characters of two cells, and a cursor that waits in the last column or stands somewhere. */
function lastFrame() {
  const wide = `${at(1 + below(rows), 1)}${ESC}[m${ESC}[2K${color()}漢字 wide あ 한글`;
  const line = `${at(1 + below(rows), 1)}${color()}${'='.repeat(columns)}`;
  return `${wide}${pick([line, at(1 + below(rows), 1 + below(columns))])}${color()}`;
}

async function main() {
  process.stdin.setRawMode?.(true);
  process.stdin.resume();
  process.stdin.once('data', () => process.exit(0));
  for (let burst = 1; ; burst += 1) {
    while (Number(readFileSync(`${directory}/go`, 'utf8')) < burst) await pause(10);
    process.stdout.write(scene());
    for (let count = 0; count < FRAMES; count += 1) {
      process.stdout.write(frame() + frame());
      await pause(FRAME_EVERY_MS);
    }
    await new Promise((resolve) => process.stdout.write(lastFrame(), resolve));
    writeFileSync(`${directory}/done`, String(burst));
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

void main();

/**
 * `node remote-counter.js LINES BYTES`, on a terminal: prints STX, then LINES counted lines, and meanwhile answers each capital
 * letter with itself. Small letters are taken in silence. Once everything is printed, BYTES small letters have come, and a
 * full stop, it prints ETX and the SHA-256 of the small letters, and ends. transcript.ts knows what the lines say.
 */
import { createHash } from 'node:crypto';

const [lines, bytes] = process.argv.slice(2).map(Number);
const LINES_AT_A_TIME = 50;
const hash = createHash('sha256');
let taken = 0;
let printed = 0;
let isTold = false;

process.stdin.setRawMode(true);
process.stdin.on('data', (data) => {
  const text = data.toString('latin1');
  const small = text.replaceAll(/[^a-z]/gu, '');
  hash.update(small);
  taken += small.length;
  if (text.includes('.')) isTold = true;
  const capitals = text.replaceAll(/[^A-Z]/gu, '');
  if (capitals !== '') process.stdout.write(capitals);
  endIfThrough();
});

function more() {
  let text = '';
  for (let i = 0; i < LINES_AT_A_TIME && printed < lines; i += 1) {
    printed += 1;
    const scrambled = String((printed * 2_654_435_761) % 2 ** 32).padStart(10, '0');
    text += `${String(printed).padStart(9, '0')} ${scrambled.repeat(6)}\n`;
  }
  process.stdout.write(text);
  if (printed < lines) setImmediate(more);
  else endIfThrough();
}

function endIfThrough() {
  if (printed < lines || taken < bytes || !isTold) return;
  process.stdout.write(`\x03${hash.digest('hex')}\n`, () => process.exit(0));
}

process.stdout.write('\x02');
more();

import { expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { SystemClock } from '../../src/base/clock.ts';
import { PlainRuns } from '../../src/terminal/plain-runs.ts';
import { ScreenFeed } from '../../src/terminal/screen-feed.ts';
import { ScreenModel } from '../../src/terminal/screen-model.ts';
import { TerminalLog } from '../../src/terminal/terminal-log.ts';
import { SEED } from '../support/seed.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const ESC = '\u001b';
const SCROLLBACK = 8;
const SIZES = [
  { columns: 12, rows: 4 },
  { columns: 5, rows: 1 },
  { columns: 30, rows: 9 },
];
const HISTORY_BYTES = 1024 * 1024;

/** What lines are made of. */
const LINE = [
  'text',
  'a line that is longer than the screen is wide',
  'é',
  '漢字',
  '🎉',
  'e\u0301',
  '\u0308',
  '\u00a0',
  '\t',
  '\b\b',
  '\u0007',
  '\r',
  `${ESC}[K`,
  `${ESC}[1K`,
  `${ESC}[2K`,
  `${ESC}[4C`,
  `${ESC}[3D`,
  `${ESC}[2G`,
  `${ESC}[2X`,
  `${ESC}[P`,
  `${ESC}[2@`,
  `${ESC}[m`,
  `${ESC}[0m`,
  `${ESC}[1;31m`,
  `${ESC}[38;5;99;4m`,
  `${ESC}[38:2::1:2:3m`,
  `${ESC}[4:3m`,
  `${ESC}[22;24m`,
  `${ESC}[48;5;7m`,
  `${ESC}[7m`,
];
const LINE_ENDS = ['\r\n', '\r\n', '\r\n', '\n', '\n\r\n'];
/** What else there is, from all over. */
const OTHERS = [
  `${ESC}[2;3r`,
  `${ESC}[r`,
  `${ESC}[?1049h`,
  `${ESC}[?1049l`,
  `${ESC}[4h`,
  `${ESC}[4l`,
  `${ESC}[?7l`,
  `${ESC}[?7h`,
  `${ESC}[?6h`,
  `${ESC}[?6l`,
  `${ESC}[?45h`,
  `${ESC}[20h`,
  `${ESC}[20l`,
  `${ESC}(0`,
  `${ESC}(B`,
  '\u000e',
  '\u000f',
  `${ESC}7`,
  `${ESC}8`,
  `${ESC}M`,
  `${ESC}D`,
  `${ESC}E`,
  `${ESC}[2J`,
  `${ESC}[3J`,
  `${ESC}[H`,
  `${ESC}[3;2H`,
  `${ESC}[2A`,
  `${ESC}[L`,
  `${ESC}[M`,
  `${ESC}[2S`,
  `${ESC}[T`,
  `${ESC}[b`,
  `${ESC}H`,
  `${ESC}[3g`,
  `${ESC}]8;;http://x/\u0007`,
  `${ESC}]8;;\u0007`,
  `${ESC}]0;title\u0007`,
  `${ESC}[!p`,
  `${ESC}c`,
  `${ESC}[`,
  `${ESC}]2;half`,
  '\u009b2J',
  '\u000b',
  '\u0000',
  '\u007f',
  `${ESC}[?2004h`,
  `${ESC}[1"q`,
  `${ESC}[0"q`,
];

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function pick<Value>(random: SeededRandom, values: readonly Value[]): Value {
  return values[random.integer(0, values.length - 1)] as Value;
}

function some(random: SeededRandom, most: number, values: readonly string[]): string {
  const count = random.integer(0, most);
  return Array.from({ length: count }, () => pick(random, values)).join('');
}

/** Stretches of lines, and between them anything. */
function randomOutput(random: SeededRandom): string {
  let output = '';
  for (let stretch = random.integer(1, 6); stretch > 0; stretch -= 1) {
    output += some(random, 3, [...OTHERS, ...LINE]);
    for (let line = random.integer(0, 120); line > 0; line -= 1)
      output += some(random, 4, LINE) + pick(random, LINE_ENDS);
  }
  return output + some(random, 3, LINE);
}

interface Size {
  readonly columns: number;
  readonly rows: number;
}

/**
 * What a model that takes every shortcut through `bytes` draws, what one draws that takes none, and how many bytes the first went past.
 * It has drawn the first `shownBytes` before more comes.
 */
async function paintings(bytes: Uint8Array, size: Size, random: SeededRandom, shownBytes = 0) {
  const load = (): Promise<ScreenModel> => ScreenModel.load({ ...size, scrollback: SCROLLBACK });
  const all = await load();
  all.write(bytes);
  await all.whenParsed();
  const fewer = await load();
  let fed = 0;
  const write = fewer.write.bind(fewer);
  fewer.write = (piece) => {
    fed += piece.length;
    write(piece);
  };
  const log = new TerminalLog({ historyBytes: HISTORY_BYTES, memoryBytes: HISTORY_BYTES });
  const feed = new ScreenFeed({
    clock: new SystemClock(),
    log,
    historyBytes: HISTORY_BYTES,
    runs: new PlainRuns(0, SCROLLBACK + 2 * size.rows, random.integer(1, 300)),
    load: () => Promise.resolve(fewer),
    onAnswer: () => undefined,
    onProgress: () => undefined,
    onBroken: (error) => {
      throw error;
    },
  });
  feed.setAlone(0);
  log.append(bytes.subarray(0, shownBytes));
  feed.onOutput();
  await feed.paint();
  for (let at = shownBytes; at < bytes.length; ) {
    const piece = bytes.subarray(at, at + random.integer(1, 400));
    log.append(piece);
    feed.onOutput();
    at += piece.length;
    if (random.chance(0.05)) await feed.paint();
    if (random.chance(0.05)) await turn();
  }
  const { bytes: painting } = await feed.paint();
  const drawn = [painting, all.paint()].map((each) => Buffer.from(each).toString());
  feed.close();
  all.close();
  return { drawn: drawn[0], wanted: drawn[1], skipped: Math.max(0, bytes.length - fed) };
}

test(`a model that takes every shortcut shows what one shows that is given everything (seed ${SEED})`, async () => {
  const random = new SeededRandom(SEED);
  let skipped = 0;
  for (let round = 0; round < 300; round += 1) {
    const size = pick(random, SIZES);
    const each = await paintings(utf8(randomOutput(random)), size, random);
    expect(each.drawn, `round ${round}`).toBe(each.wanted);
    skipped += each.skipped;
  }
  expect(skipped).toBeGreaterThan(20_000);
});

// There each line is written over the last one, and the ends of longer ones stay to be seen.
test.each([
  ['below a region that scrolls', `${ESC}[1;2r${ESC}[4;1H`],
  ['on the alternate screen, below such a region', `${ESC}[?1049h${ESC}[1;2r${ESC}[4;1H`],
])('lines %s have no shortcut', async (_where, before) => {
  const random = new SeededRandom(SEED);
  const lines = `\ra long one\r\n${'ab\r\n'.repeat(300)}`;
  const size = { columns: 12, rows: 4 };
  const { drawn, wanted, skipped } = await paintings(
    utf8(before + lines),
    size,
    random,
    before.length,
  );
  expect([drawn, skipped]).toEqual([wanted, 0]);
});

import { describe, expect, test } from 'vitest';
import { QueryFilter } from '../../src/terminal/query-filter.ts';
import { ScreenModel } from '../../src/terminal/screen-model.ts';
import { EmulatedScreen } from '../support/emulated-screen.ts';
import { randomOutput } from '../support/random-output.ts';
import { SEED } from '../support/seed.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const ROUNDS = 3000;

describe('a painting', () => {
  test(`makes another terminal have every cell and every mode (seed ${SEED})`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const seed = SEED + round;
      const { random, columns, rows, scrollback, output } = randomCase(seed);
      const screen = await EmulatedScreen.load(columns, rows, scrollback);
      screen.write(output);
      if (random.chance(0.2)) screen.resize(random.integer(2, 20), random.integer(2, 8));
      const painting = screen.paint();
      const second = await screen.anotherOfThisSize();
      second.write(painting);
      const title = `seed ${seed}: ${readable(output)} is painted as ${readable(painting)}`;
      expect(second.describe(), title).toEqual(screen.describe());
      const filter = new QueryFilter();
      const left = Buffer.concat([filter.push(painting), filter.flush()]);
      expect(left.equals(painting), title).toBe(true);
      screen.close();
      second.close();
    }
  });

  test(`takes the place of all output before it, wherever that is cut (seed ${SEED})`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const seed = SEED + round;
      const { random, columns, rows, scrollback, output } = randomCase(seed);
      const bytes = Buffer.from(withoutHiddenState(output));
      const cut = random.integer(0, bytes.length);
      const model = await ScreenModel.load({ columns, rows, scrollback });
      model.write(bytes.subarray(0, cut));
      await model.whenParsed();
      const painting = model.paint();
      model.close();
      const whole = await EmulatedScreen.load(columns, rows, scrollback);
      whole.write(bytes.subarray(0, cut - startedBytes(bytes.subarray(0, cut))));
      const { isPaintable } = whole;
      whole.write(bytes.subarray(cut - startedBytes(bytes.subarray(0, cut))));
      const resumed = await EmulatedScreen.load(columns, rows, scrollback);
      resumed.write(Buffer.concat([painting, bytes.subarray(cut)]));
      const title = `seed ${seed}: ${readable(bytes.subarray(0, cut))} then ${readable(bytes.subarray(cut))}, painted as ${readable(painting)}`;
      if (isPaintable) expect(resumed.describe(), title).toEqual(whole.describe());
      whole.close();
      resumed.close();
    }
  });
});

function randomCase(seed: number) {
  const random = new SeededRandom(seed);
  const columns = random.integer(2, 20);
  const rows = random.integer(2, 8);
  const scrollback = random.integer(0, 12);
  const output = randomOutput(random, { columns, rows }, random.integer(1, 60));
  return { random, columns, rows, scrollback, output };
}

/** How many bytes at the end are not a whole character: the library by itself takes no pieces of characters. */
function startedBytes(bytes: Uint8Array): number {
  const text = Buffer.from(bytes).toString();
  return bytes.length - Buffer.byteLength(text.replace(/\ufffd$/u, ''));
}

/**
 * Which character was the last one no sequence can tell, nor which blanks were put down under protection (DECSCA), as behind a wide
 * character that had no room: so nothing is repeated (REP), and nothing erased that is not protected (DECSED, DECSEL).
 */
function withoutHiddenState(output: string): string {
  const [first = '', ...sequences] = output.split('\x1b');
  const left = sequences.map((each) => each.replace(/^\[(?:\d*b|\?\d*[JK])/u, '[m'));
  return [first, ...left].join('\x1b');
}

function readable(output: string | Uint8Array): string {
  return JSON.stringify(typeof output === 'string' ? output : Buffer.from(output).toString());
}

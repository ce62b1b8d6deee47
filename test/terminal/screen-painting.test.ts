import { describe, expect, test } from 'vitest';
import { QueryFilter } from '../../src/terminal/query-filter.ts';
import { EmulatedScreen } from '../support/emulated-screen.ts';
import { randomOutput } from '../support/random-output.ts';
import { SEED } from '../support/seed.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const ROUNDS = 3000;

/** The painting of a screen, and what another makes of it. */
async function repainted(
  screen: EmulatedScreen,
  columns: number,
  rows: number,
  scrollback: number,
) {
  const painting = screen.paint();
  const second = await EmulatedScreen.load(columns, rows, scrollback);
  second.write(painting);
  const description = second.describe();
  const again = Buffer.from(second.paint()).toString();
  second.close();
  return { painting, description, again };
}

describe('a painting', () => {
  test(`makes another terminal have every cell and every mode (seed ${SEED})`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const seed = SEED + round;
      const random = new SeededRandom(seed);
      const columns = random.integer(2, 20);
      const rows = random.integer(2, 8);
      const scrollback = random.integer(0, 12);
      const screen = await EmulatedScreen.load(columns, rows, scrollback);
      const output = randomOutput(random, { columns, rows }, random.integer(1, 60));
      screen.write(output);
      const { painting, description } = await repainted(screen, columns, rows, scrollback);
      const title = `seed ${seed} ${columns}x${rows}+${scrollback} ${JSON.stringify(output)} => ${JSON.stringify(Buffer.from(painting).toString())}`;
      expect(description, title).toEqual(screen.describe());
      const filter = new QueryFilter();
      expect(Buffer.concat([filter.push(painting), filter.flush()]).equals(painting), title).toBe(
        true,
      );
      screen.close();
    }
  });
});

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { QueryFilter } from '../../src/terminal/query-filter.ts';
import { ScreenModel } from '../../src/terminal/screen-model.ts';
import { EmulatedScreen } from '../support/emulated-screen.ts';
import { randomDrawing } from '../support/random-output.ts';
import { describeNeeding } from '../support/requirements.ts';
import { SEED } from '../support/seed.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { type PaneView, TmuxPanes } from '../support/tmux-panes.ts';

const COLUMNS = 80;
const ROWS = 24;
const SIZE = { columns: COLUMNS, rows: ROWS };
const DRAWINGS = process.env['EVERTERM_SOAK'] === '1' ? 400 : 40;
const AT_A_TIME = 20;
/** A blank cell, as EmulatedScreen tells it. */
const BLANK = /^(?:#\d+\/\d+)?$/u;

/** What a model of this output paints. */
async function painted(output: Uint8Array): Promise<Uint8Array> {
  const model = await ScreenModel.load({ columns: COLUMNS, rows: ROWS });
  model.write(output);
  await model.whenParsed();
  const painting = model.paint();
  model.close();
  return painting;
}

/** The lines as cells: which sequences tmux tells them by depends on what is not seen. */
async function seen(view: PaneView): Promise<PaneView> {
  const cellsOf = async (lines: readonly string[]): Promise<string[]> => {
    // Nothing wraps or scrolls: a line that is scrolled in would have the colour that was set last.
    const screen = await EmulatedScreen.load(COLUMNS, Math.max(lines.length, 1), 0);
    screen.write(`\x1b[?7l${lines.join('\r\n')}`);
    const cells = screen.appearance().map(withoutBlanks);
    screen.close();
    return cells;
  };
  return { ...view, lines: await cellsOf(view.lines), hidden: await cellsOf(view.hidden) };
}

/** Of blanks at the end of a line tmux tells some, according to how they became blank. */
function withoutBlanks(line: string): string {
  const cells = line.split('|');
  while (cells.length > 0 && BLANK.test(cells.at(-1) ?? '')) cells.pop();
  return cells.join('|');
}

/**
 * Of a view what is written on the screen. What clearing puts into the scrollback, and which background a
 * line has that is scrolled in, is not the same everywhere.
 */
function written({ facts, lines }: PaneView): PaneView {
  const onScreen = lines.slice(-ROWS).map((line) => {
    const cells = line.split('|').map((cell) => cell.replace(BLANK, ''));
    return cells.join('|').replace(/\|+$/u, '');
  });
  return { facts, lines: onScreen, hidden: [] };
}

describeNeeding(['linux', 'tmux'], 'a painting in a real terminal', () => {
  let panes: TmuxPanes;

  beforeAll(() => {
    panes = new TmuxPanes(COLUMNS, ROWS);
  });

  afterAll(() => panes.stop());

  async function lookAt(output: Uint8Array): Promise<PaneView> {
    const pane = await panes.show(output);
    const view = await seen(panes.lookClosely(pane));
    panes.close(pane);
    return view;
  }

  /**
   * What a program leaves on its terminal is what it leaves on one that was painted at any moment and got the
   * rest of its output.
   */
  async function expectSame(pane: string, file: string): Promise<void> {
    const view = await seen(panes.lookClosely(pane));
    const output = readFileSync(file);
    expect(await lookAt(await painted(output))).toEqual(view);
    const random = new SeededRandom(SEED);
    for (let count = 0; count < 8; count += 1) {
      const cut = random.integer(0, output.length);
      const rest = new QueryFilter().push(output.subarray(cut));
      const resumed = Buffer.concat([await painted(output.subarray(0, cut)), rest]);
      expect(await lookAt(resumed), `cut at ${cut} (seed ${SEED})`).toEqual(view);
    }
  }

  test('of a shell, and of what ran on it, is what was there', async () => {
    const prompt = '\\[\\e[1;32m\\]u@h\\[\\e[0m\\]:\\[\\e[34m\\]\\w\\[\\e[0m\\]\\$ ';
    const { pane, file } = panes.record(`env PS1='${prompt}' bash --norc`);
    panes.keys(
      pane,
      'seq 1 100; printf "漢字 😀 é “…” %80s|\\n" x; ls --color=always -l /',
      'Enter',
    );
    await panes.quiet(file);
    panes.keys(pane, 'echo half typed', 'Left', 'Left');
    await panes.quiet(file);
    await expectSame(pane, file);
  });

  describeNeeding(['vim'], 'of vim', () => {
    const command = 'vim -u NONE -c "syntax on" -c "set nu ruler mouse=a hls" /etc/services';

    test('is what was there', async () => {
      const { pane, file } = panes.record(command);
      await panes.quiet(file);
      panes.keys(pane, '/tcp', 'Enter', 'n', 'C-f', 'i', 'abc');
      await panes.quiet(file);
      await expectSame(pane, file);
    });

    test('is the shell again when it has ended', async () => {
      const { pane, file } = panes.record('bash --norc');
      panes.keys(pane, 'echo before', 'Enter', command, 'Enter');
      await panes.quiet(file);
      panes.keys(pane, 'C-f', 'Escape', ':q!', 'Enter');
      await panes.quiet(file);
      await expectSame(pane, file);
    });
  });

  describeNeeding(['less'], 'of less', () => {
    test('is what was there', async () => {
      const { pane, file } = panes.record('less -R -N /etc/services');
      await panes.quiet(file);
      panes.keys(pane, ' ', ' ', 'b', '/udp', 'Enter');
      await panes.quiet(file);
      await expectSame(pane, file);
    });
  });

  describeNeeding(['htop'], 'of htop', () => {
    test('is what was there', async () => {
      const { pane, file } = panes.record('htop -d 100');
      await panes.quiet(file);
      panes.keys(pane, 'Down', 'Down', 'F2');
      await panes.quiet(file);
      process.kill(panes.processOf(pane), 'SIGSTOP');
      await panes.quiet(file);
      await expectSame(pane, file);
      process.kill(panes.processOf(pane), 'SIGKILL');
    });
  });

  test(`is what random output drew (seed ${SEED})`, async () => {
    const expectDrawn = async (seed: number): Promise<void> => {
      const output = Buffer.from(randomDrawing(new SeededRandom(seed), SIZE, 60));
      const painting = await painted(output);
      const [view, drawn] = await Promise.all([lookAt(output), lookAt(painting)]);
      const title = `seed ${seed}: ${JSON.stringify(output.toString())} is painted as ${JSON.stringify(Buffer.from(painting).toString())}`;
      expect(written(drawn), title).toEqual(written(view));
    };
    for (let round = 0; round < DRAWINGS; round += AT_A_TIME) {
      const seeds = Array.from({ length: AT_A_TIME }, (_, index) => SEED + round + index);
      await Promise.all(seeds.map(expectDrawn));
    }
  }, 300_000);
});

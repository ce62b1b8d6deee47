import { describe, expect, test } from 'vitest';
import { coreOf, loadTerminal } from '../../src/terminal/screen-library.ts';
import { ScreenModel } from '../../src/terminal/screen-model.ts';
import { paintScreen } from '../../src/terminal/screen-painting.ts';
import { ScreenState } from '../../src/terminal/screen-state.ts';
import { EmulatedScreen } from '../support/emulated-screen.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const ESC = '\x1b';

async function fed(output: string | Uint8Array, columns = 40, rows = 6): Promise<ScreenModel> {
  const model = await ScreenModel.load({ columns, rows });
  model.write(Buffer.from(output));
  await model.whenParsed();
  return model;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

describe('a screen model', () => {
  test('paints what was written, its title, and what is on', async () => {
    const model = await fed(
      `one\r\n${ESC}[1;31mtwo${ESC}[m${ESC}]2;title\x07${ESC}[?1006;1002;2004h${ESC}[?25l${ESC}[3;5r${ESC}[2;4H`,
    );
    expect(model.title).toBe('title');
    expect(text(model.paint())).toBe(
      [
        `${ESC}]2;title${ESC}\\`,
        `one\r\n${ESC}[0;1;31mtwo${ESC}[m\r\n\r\n\r\n\r\n`,
        `${ESC}[3;5r${ESC}[2;4H`,
        `${ESC}[?25l${ESC}[?1002h${ESC}[?2004h${ESC}[?1006h`,
      ].join(''),
    );
  });

  test('paints nothing that is as it is anyway', async () => {
    expect(text((await fed('')).paint())).toBe(`${'\r\n'.repeat(5)}${ESC}[1;1H`);
  });

  test('parses in turns that have their time, in the order of the calls', async () => {
    const clock = new VirtualClock();
    const model = await ScreenModel.load({ columns: 10, rows: 2, clock });
    model.write(Buffer.from('0123456789abc'));
    model.resize(20, 2);
    model.write(Buffer.from('def'));
    expect(model.pendingBytes).toBe(16);
    expect(text(model.paint())).not.toContain('0');
    const parsed = model.whenParsed();
    clock.advance(10);
    await parsed;
    expect(model.pendingBytes).toBe(0);
    // What wrapped at ten columns does not at twenty.
    expect(text(model.paint())).toMatch(/^0123456789.*abcdef.*\[2;7H$/su);
    expect(clock.pending).toBe(0);
  });

  test('tells that all is parsed when there is nothing to parse, and when it is closed', async () => {
    const model = await ScreenModel.load({ columns: 10, rows: 2 });
    await model.whenParsed();
    model.write(Buffer.from('text'));
    const parsed = model.whenParsed();
    model.close();
    model.close();
    await parsed;
    model.write(Buffer.from('text'));
    expect(model.pendingBytes).toBe(0);
  });

  test('hands on what a terminal would answer', async () => {
    const answers: string[] = [];
    const model = await ScreenModel.load({
      columns: 10,
      rows: 3,
      onAnswer: (bytes) => answers.push(text(bytes)),
    });
    model.write(Buffer.from(`a\r\nb${ESC}[6n${ESC}[c${ESC}[?25$p${ESC}[5n`));
    await model.whenParsed();
    expect(answers).toEqual([`${ESC}[2;2R`, `${ESC}[?1;2c`, `${ESC}[?25;1$y`, `${ESC}[0n`]);
  });

  test('reads characters that are cut anywhere', async () => {
    const output = Buffer.from('“dash – and” 漢字 … é 😀');
    for (let cut = 0; cut <= output.length; cut += 1) {
      const model = await ScreenModel.load({ columns: 40, rows: 2 });
      model.write(output.subarray(0, cut));
      model.write(output.subarray(cut));
      await model.whenParsed();
      expect(text(model.paint())).toBe(text((await fed(output, 40, 2)).paint()));
    }
  });

  test('paints the beginning of what is only half there last', async () => {
    for (const half of [`${ESC}`, `${ESC}[3`, `${ESC}]2;ti`, `${ESC}(`, `${ESC}P+q54`]) {
      expect(text((await fed(`text${half}`)).paint())).toMatch(/\[1;5H/u);
      expect(text((await fed(`text${half}`)).paint()).endsWith(half)).toBe(true);
    }
    const euro = Buffer.from('€');
    const painting = (await fed(Buffer.concat([Buffer.from('a'), euro.subarray(0, 2)]))).paint();
    expect(Buffer.from(painting).subarray(-2)).toEqual(euro.subarray(0, 2));
  });

  test('takes the colour of an underline back', async () => {
    const model = await fed(`${ESC}[4;58;5;9mA${ESC}[59mB${ESC}[58;2;255;255;255mC`);
    expect(text(model.paint())).toMatch(/^.\[0;4;58:5:9mA.\[0;4mB.\[0;4;58:2::255:255:255mC/su);
  });

  test('counts emoji as two cells, and joins what joins behind a control sequence', async () => {
    const screen = await EmulatedScreen.load(20, 2, 0);
    screen.write(`😀e${ESC}[31m\u0301x`);
    expect(screen.describe()['cursor']).toEqual([4, 0, 0]);
    expect(screen.lines()[0]).toBe('😀e\u0301x');
  });
});

describe('what a screen model holds', () => {
  const LONG = 'x'.repeat(1_000_000);

  test('of a title is 1,024 characters, and ten of them are stacked', async () => {
    const model = await fed(`${ESC}]2;${LONG}\x07${ESC}[22;0t`.repeat(20));
    expect(model.title).toBe('x'.repeat(1024));
    expect(model.paint().length).toBeLessThan(30_000);
  });

  test('of links, colours, joined characters, pushed flags and status requests is bounded', async () => {
    const links = Array.from(
      { length: 20_000 },
      (_, at) => `${ESC}]8;;http://x/${at}/${'y'.repeat(100)}${ESC}\\z\r`,
    );
    const colors = Array.from({ length: 1000 }, (_, at) => `${ESC}]4;${at};rgb:1/2/3\x07`);
    for (const output of [
      links.join(''),
      colors.join(''),
      `a${'\u0301'.repeat(100_000)}`,
      `${ESC}[>1u`.repeat(10_000),
      `${ESC}P$q${LONG}${ESC}\\`,
      `${ESC}]8;;http://${LONG}${ESC}\\text`,
      `${ESC}]10;${LONG}\x07${ESC}_G${LONG};${LONG}${ESC}\\${ESC}Pq${LONG}${ESC}\\`,
      `${ESC}[${'9'.repeat(100)}b${ESC}[999999999L${ESC}[999999999T${ESC}[999999999Z`,
      `a${ESC}[2147483647b`,
    ]) {
      expect((await fed(output)).paint().length).toBeLessThan(10_000);
    }
  });

  test('of links is what cells refer to, when there are too many', async () => {
    const model = await fed('');
    for (let at = 0; at < 5000; at += 1) {
      model.write(Buffer.from(`${ESC}[H${ESC}]8;;http://x/${at}${ESC}\\link`));
    }
    await model.whenParsed();
    expect(text(model.paint())).toContain('http://x/4999');
  });

  test('of cells has a bound, whatever the size', async () => {
    const model = await ScreenModel.load({ columns: 1_000_000, rows: 1_000_000 });
    model.write(Buffer.from('text\r\n'.repeat(3000)));
    model.resize(65_535, 65_535);
    model.resize(0, 0);
    model.resize(Number.NaN, -1);
    model.write(Buffer.from('text\r\n'));
    await model.whenParsed();
    expect(text(model.paint())).toContain('xt');
  });
});

test('without the library’s own objects a screen is painted by its text, and nothing throws', async () => {
  const terminal = await loadTerminal(20, 4, 100);
  const state = new ScreenState(terminal, undefined);
  await new Promise<void>((resolve) => {
    terminal.write(
      `a\r\nb${ESC}[?1049h${ESC}[31mred${ESC}7${ESC}8${ESC}[?1006h${ESC}]8;;http://x${ESC}\\l`,
      resolve,
    );
  });
  state.resize(30, 5);
  expect(text(paintScreen(terminal, undefined, state))).toContain('red');
  expect(coreOf(terminal)).toBeDefined();
  Reflect.set(terminal, '_core', {});
  expect(coreOf(terminal)).toBeUndefined();
});

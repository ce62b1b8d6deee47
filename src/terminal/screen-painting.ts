import { PLAIN } from './rendition-text.ts';
import { ScreenCells } from './screen-cells.ts';
import { charsetText } from './screen-charsets.ts';
import type { EmulatedTerminal, TerminalCore } from './screen-library.ts';
import { type CursorPlace, ScreenPainter } from './screen-painter.ts';
import type { SavedCursor, ScreenState } from './screen-state.ts';

const TAB_WIDTH = 8;
const CURSOR_STYLES = { block: 1, underline: 3, bar: 5 };
const MOUSE = { none: 0, x10: 9, vt200: 1000, drag: 1002, any: 1003 };
const HOME: CursorPlace = { x: 0, y: 0 };

/**
 * The bytes that make a cleared terminal of the same size, in its default state, have what `terminal` has.
 * None of them makes it answer.
 *
 * The order matters: cells are drawn by the default rules. On the main screen the cursor is then put where
 * DECSC had it, because entering the alternate screen saves it a second time; margins and modes, which
 * change what the rest means, come last.
 */
export function paintScreen(
  terminal: EmulatedTerminal,
  core: TerminalCore | undefined,
  state: ScreenState,
): Uint8Array {
  const { cols: columns, rows, buffer } = terminal;
  const painter = new ScreenPainter(columns, rows, state.links);
  const isAlternate = state.isAlternate;
  painter.add(state.keyboard.redo());
  const keyboard = state.keyboard.redoAlternate();
  if (!isAlternate && keyboard !== '') painter.add(`\x1b[?47h${keyboard}\x1b[?47l\x1b[H`);
  painter.add(state.palette.redo());
  if (core !== undefined) painter.add(titles(core));

  const main = new ScreenCells(buffer.normal, columns);
  painter.lines(main, buffer.normal.length);
  const saved = state.saved('normal');
  const enter = isAlternate ? '\x1b[?1049h' : '';
  if (saved !== undefined || isAlternate) save(painter, main, buffer.normal.baseY, saved, enter);
  let shown = main;
  if (isAlternate) {
    shown = new ScreenCells(buffer.alternate, columns);
    painter.add(`${undo(saved)}\x1b[H\x1b[2J${keyboard}`);
    painter.lines(shown, buffer.alternate.length);
    const ofAlternate = state.saved('alternate');
    if (ofAlternate !== undefined) save(painter, shown, 0, ofAlternate, '');
    painter.add(undo(ofAlternate));
  } else painter.add(undo(saved));
  if (core !== undefined) painter.add(tabs(core, columns) + margins(core, rows));
  place(painter, shown, terminal, core);
  painter.set(state.rendition);
  painter.add(charsetText(state.charsets.designations, core?._charsetService.glevel ?? 0));
  painter.add(modes(terminal, core) + trackedModes(state));
  return painter.bytes;
}

/**
 * Saves the cursor as it was saved, and does `then` while it is there; what that changes `undo` takes
 * back, but for the rendition.
 */
function save(
  painter: ScreenPainter,
  cells: ScreenCells,
  baseY: number,
  saved: SavedCursor | undefined,
  then: string,
): void {
  if (saved?.isOrigin === true) painter.add('\x1b[?6h');
  const where = saved ?? HOME;
  const rendition = { ...(saved?.rendition ?? PLAIN), link: 0 };
  const charsets = saved === undefined ? '' : charsetText(saved.designations, saved.level);
  painter.saveCursor(cells, where, baseY + where.y, rendition, charsets);
  painter.add(then);
  painter.set(PLAIN);
}

function undo(saved: SavedCursor | undefined): string {
  if (saved === undefined) return '';
  const { designations, level, isOrigin } = saved;
  const defaults = charsetText(['(B', ')B', '*B', '+B'], 0, designations, level);
  return (isOrigin ? '\x1b[?6l' : '') + defaults;
}

/** The cursor, within the margins where they are its origin. */
function place(
  painter: ScreenPainter,
  cells: ScreenCells,
  terminal: EmulatedTerminal,
  core: TerminalCore | undefined,
): void {
  const { active } = terminal.buffer;
  const isOrigin = terminal.modes.originMode;
  const top = isOrigin ? (core?.buffers.active.scrollTop ?? 0) : 0;
  if (isOrigin) painter.add('\x1b[?6h');
  const y = Math.max(active.cursorY, top);
  painter.cursor(cells, { x: active.cursorX, y }, top, active.baseY + y);
}

/** Titles and names of icons: those on the stacks, oldest first, and what is shown. */
function titles({ _inputHandler: input }: TerminalCore): string {
  return (
    titlesOf(2, input._windowTitleStack, input._windowTitle) +
    titlesOf(1, input._iconNameStack, input._iconName)
  );
}

/** A title that was never set is the terminal's own, which is left alone. */
function titlesOf(kind: 1 | 2, stack: readonly string[], shown: string): string {
  let before = '';
  const change = (text: string): string => {
    const isSame = text === before;
    before = text;
    return isSame ? '' : `\x1b]${kind};${text}\x1b\\`;
  };
  return stack.map((text) => `${change(text)}\x1b[22;${kind}t`).join('') + change(shown);
}

function tabs({ buffers }: TerminalCore, columns: number): string {
  const stops = Array.from({ length: columns }, (_, x) => x).filter(
    (x) => buffers.active.tabs[x] === true,
  );
  const defaults = Array.from(
    { length: Math.ceil(columns / TAB_WIDTH) },
    (_, at) => at * TAB_WIDTH,
  );
  if (stops.join() === defaults.join()) return '';
  return `\x1b[3g${stops.map((x) => `\x1b[${x + 1}G\x1bH`).join('')}`;
}

function margins({ buffers }: TerminalCore, rows: number): string {
  const { scrollTop, scrollBottom } = buffers.active;
  const isWhole = scrollTop === 0 && scrollBottom === rows - 1;
  return isWhole ? '' : `\x1b[${scrollTop + 1};${scrollBottom + 1}r`;
}

function modes(terminal: EmulatedTerminal, core: TerminalCore | undefined): string {
  const { modes: are, options } = terminal;
  const style = core?.coreService.decPrivateModes;
  const shape = style?.cursorStyle === undefined ? 0 : CURSOR_STYLES[style.cursorStyle];
  const mouse = MOUSE[are.mouseTrackingMode];
  return [
    are.insertMode ? '\x1b[4h' : '',
    options.convertEol ? '\x1b[20h' : '',
    are.applicationKeypadMode ? '\x1b=' : '',
    are.applicationCursorKeysMode ? '\x1b[?1h' : '',
    are.wraparoundMode ? '' : '\x1b[?7l',
    are.reverseWraparoundMode ? '\x1b[?45h' : '',
    options.cursorBlink ? '\x1b[?12h' : '',
    shape === 0 ? '' : `\x1b[${shape + (style?.cursorBlink === false ? 1 : 0)} q`,
    core?.coreService.isCursorHidden === true ? '\x1b[?25l' : '',
    mouse === 0 ? '' : `\x1b[?${mouse}h`,
    are.sendFocusMode ? '\x1b[?1004h' : '',
    are.bracketedPasteMode ? '\x1b[?2004h' : '',
  ].join('');
}

function trackedModes({ modes: tracked }: ScreenState): string {
  return [...tracked].map(([mode, isOn]) => `\x1b[?${mode}${isOn ? 'h' : 'l'}`).join('');
}

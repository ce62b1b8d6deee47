import type { EmulatedTerminal, TerminalCore } from './screen-library.ts';

/** What a handler is given: those with a colon are in lists of their own. */
export type SequenceParameters = readonly (number | number[])[];

/** Makes the library do some drawing sequences as terminals do, and in bounded time. */
export function correctOperations(terminal: EmulatedTerminal, core: TerminalCore): void {
  boundCounts(terminal, core);
  for (const prefix of ['', '?']) {
    const id = prefix === '' ? { final: 'J' } : { prefix, final: 'J' };
    terminal.parser.registerCsiHandler(id, (parameters) => {
      if (numbersOf(parameters)[0] !== 1) return false;
      eraseAbove(terminal, core, prefix === '?');
      return true;
    });
  }
}

/** Sequences that the library repeats as often as they say, which may be two thousand million times. */
function boundCounts(terminal: EmulatedTerminal, core: TerminalCore): void {
  const { parser } = terminal;
  const input = core._inputHandler;
  const on = (final: string, max: () => number, act: (count: number) => boolean): void => {
    parser.registerCsiHandler({ final }, (parameters) => {
      const [count = 1] = numbersOf(parameters);
      return act(Math.min(Math.max(count, 1), max()));
    });
  };
  const rows = (): number => terminal.rows;
  const columns = (): number => terminal.cols;
  on('L', rows, (count) => input.insertLines(counted(count)));
  on('M', rows, (count) => input.deleteLines(counted(count)));
  on('S', rows, (count) => scrollUp(terminal, core, count));
  on('T', rows, (count) => scrollDown(core, count));
  on('I', columns, (count) => input.cursorForwardTab(counted(count)));
  on('Z', columns, (count) => input.cursorBackwardTab(counted(count)));
  on(
    'b',
    () => rows() * columns(),
    (count) => input.repeatPrecedingCharacter(counted(count)),
  );
}

/** Lines that leave the main screen at its top go to the scrollback, as they do with a newline. */
function scrollUp(terminal: EmulatedTerminal, core: TerminalCore, count: number): boolean {
  const input = core._inputHandler;
  const isAlternate = terminal.buffer.active.type === 'alternate';
  if (isAlternate || core.buffers.normal.scrollTop > 0) {
    return input.scrollUp(counted(count));
  }
  for (let left = count; left > 0; left -= 1) core._bufferService.scroll(input._eraseAttrData());
  return true;
}

/** The library fails where the cursor is in the last column, and takes a line of the scrollback for the next one. */
function eraseAbove(
  terminal: EmulatedTerminal,
  { buffers, _inputHandler: input }: TerminalCore,
  keepsProtected: boolean,
): void {
  const { cols } = terminal;
  input._restrictCursor(cols);
  const { x, y, ybase, lines } = buffers.active;
  input._eraseInBufferLine(y, 0, x + 1, true, keepsProtected);
  const next = x + 1 < cols ? undefined : lines.get(ybase + y + 1);
  if (next !== undefined) next.isWrapped = false;
  for (let row = y - 1; row >= 0; row -= 1) input._resetBufferLine(row, keepsProtected);
}

/** The library's own leaves the new lines without the background. */
function scrollDown({ buffers, _inputHandler: input }: TerminalCore, count: number): boolean {
  const buffer = buffers.active;
  const { x, y } = buffer;
  buffer.y = buffer.scrollTop;
  input.insertLines(counted(count));
  buffer.x = x;
  buffer.y = y;
  return true;
}

/** One number, as the library's own operations take it. */
export function counted(count: number): { params: readonly number[]; length: number } {
  return { params: [count], length: 1 };
}

export function numbersOf(parameters: SequenceParameters): number[] {
  return parameters.filter((each) => typeof each === 'number');
}

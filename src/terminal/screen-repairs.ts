import type { ExtendedAttributes, TerminalCore } from './screen-library.ts';

/** Characters that join one in its cell, in UTF-16 units together; terminals keep fewer. */
const MAX_CELL_LENGTH = 64;

/** Marks what has been repaired: the library's classes are one for all terminals. */
const REPAIRED = Symbol('repaired');

interface LinePrototype {
  addCodepointToCell: (
    this: LinePrototype,
    index: number,
    codePoint: number,
    width: number,
  ) => void;
  getString(index: number): string;
  [REPAIRED]?: true;
}

interface ExtendedPrototype extends ExtendedAttributes {
  underlineColor: number;
  [REPAIRED]?: true;
}

/** Puts right two things in the library's classes; nothing where they are not as they were. */
export function repairLibrary(core: TerminalCore): void {
  const line = core.buffers.normal.lines.get(0);
  if (line !== undefined) boundCells(Object.getPrototypeOf(line));
  const { extended } = core._inputHandler._curAttrData;
  resetUnderlineColor(Object.getPrototypeOf(extended));
}

/** A cell takes any number of joining characters, and with them any amount of memory. */
function boundCells(prototype: LinePrototype): void {
  const add = prototype.addCodepointToCell;
  if (prototype[REPAIRED] === true || typeof add !== 'function') return;
  prototype[REPAIRED] = true;
  prototype.addCodepointToCell = function addBounded(
    this: LinePrototype,
    index: number,
    codePoint: number,
    width: number,
  ): void {
    if (this.getString(index).length < MAX_CELL_LENGTH) add.call(this, index, codePoint, width);
  };
}

/** SGR 59 stores -1, of which white is left. */
function resetUnderlineColor(prototype: ExtendedPrototype): void {
  const property = Object.getOwnPropertyDescriptor(prototype, 'underlineColor');
  if (prototype[REPAIRED] === true || property?.set === undefined) return;
  prototype[REPAIRED] = true;
  Object.defineProperty(prototype, 'underlineColor', {
    ...property,
    set(value: number): void {
      property.set?.call(this, value === -1 ? 0 : value);
    },
  });
}

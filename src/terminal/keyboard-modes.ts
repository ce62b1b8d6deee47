import type { CsiSequence } from './csi-sequence.ts';

const GREATER = 0x3e;
const LESS = 0x3c;
const EQUALS = 0x3d;
/** Terminals keep at least this many, and drop the oldest. */
const MAX_DEPTH = 32;

/** One screen's stack of kitty keyboard flags: the base, then what was pushed on it. */
interface FlagStack {
  base: number;
  pushed: number[];
}

/** How keys are reported: kitty's protocol, one stack for each screen, and xterm's modifyOtherKeys. */
export class KeyboardModes {
  #main: FlagStack = { base: 0, pushed: [] };
  #alternate: FlagStack = { base: 0, pushed: [] };
  #modifyOtherKeys = 0;

  /** True when the sequence was one of the keyboard's. */
  apply(sequence: CsiSequence, isAlternate: boolean): boolean {
    if (sequence.is(GREATER, 0, 'm')) {
      const isOurs = sequence.value(0, 4) === 4;
      if (isOurs) this.#modifyOtherKeys = sequence.count === 0 ? 0 : sequence.value(1, 0);
      return true;
    }
    if (sequence.is(GREATER, 0, 'n')) {
      if (sequence.value(0, 2) === 4) this.#modifyOtherKeys = 0;
      return true;
    }
    return this.#kitty(sequence, isAlternate ? this.#alternate : this.#main);
  }

  reset(): void {
    this.#main = { base: 0, pushed: [] };
    this.#alternate = { base: 0, pushed: [] };
    this.#modifyOtherKeys = 0;
  }

  /** What undoes the alternate screen's flags, while it is shown. */
  undoAlternate(): string {
    return undoStack(this.#alternate);
  }

  undo(): string {
    const other = this.#modifyOtherKeys === 0 ? '' : '\x1b[>4m';
    return undoStack(this.#main) + other;
  }

  redoAlternate(): string {
    return redoStack(this.#alternate);
  }

  redo(): string {
    const other = this.#modifyOtherKeys === 0 ? '' : `\x1b[>4;${this.#modifyOtherKeys}m`;
    return redoStack(this.#main) + other;
  }

  #kitty(sequence: CsiSequence, stack: FlagStack): boolean {
    if (sequence.is(GREATER, 0, 'u')) {
      stack.pushed.push(sequence.value(0, 0));
      if (stack.pushed.length > MAX_DEPTH) stack.pushed.shift();
      return true;
    }
    if (sequence.is(LESS, 0, 'u')) {
      const count = Math.max(sequence.value(0, 1), 1);
      // Popping more than there is resets all flags.
      if (count > stack.pushed.length) stack.base = 0;
      stack.pushed.length = Math.max(stack.pushed.length - count, 0);
      return true;
    }
    if (!sequence.is(EQUALS, 0, 'u')) return false;
    const last = stack.pushed.length - 1;
    const before = stack.pushed[last] ?? stack.base;
    const after = combined(before, sequence.value(0, 0), sequence.value(1, 1));
    if (last < 0) stack.base = after;
    else stack.pushed[last] = after;
    return true;
  }
}

/** How `CSI = flags ; how u` sets flags: 1 all, 2 adds, 3 takes away. */
function combined(before: number, flags: number, how: number): number {
  if (how === 2) return before | flags;
  return how === 3 ? before & ~flags : flags;
}

function undoStack({ base, pushed }: FlagStack): string {
  const pops = pushed.length === 0 ? '' : `\x1b[<${pushed.length}u`;
  return base === 0 ? pops : `${pops}\x1b[=0u`;
}

function redoStack({ base, pushed }: FlagStack): string {
  const first = base === 0 ? '' : `\x1b[=${base}u`;
  return first + pushed.map((flags) => `\x1b[>${flags}u`).join('');
}

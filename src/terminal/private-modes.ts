/** DEC private modes that are followed, and whether each is on in a terminal that nobody has touched. */
const DEFAULTS: ReadonlyMap<number, boolean> = new Map([
  [1, false], // application cursor keys
  [5, false], // reverse video
  [6, false], // origin
  [7, true], // wrap
  [9, false], // mouse, X10
  [25, true], // cursor shown
  [47, false], // alternate screen
  [66, false], // application keypad
  [69, false], // left and right margins
  [1000, false], // mouse: press and release
  [1001, false], // mouse: highlight
  [1002, false], // mouse: drag
  [1003, false], // mouse: all motion
  [1004, false], // focus
  [1005, false], // mouse: UTF-8
  [1006, false], // mouse: SGR
  [1015, false], // mouse: urxvt
  [1016, false], // mouse: SGR pixels
  [1047, false], // alternate screen, cleared
  [1049, false], // alternate screen, cleared, cursor saved
  [2004, false], // bracketed paste
  [2026, false], // synchronized output
  [2031, false], // reports of the colour scheme
  [2048, false], // reports of the size
]);

const ALTERNATE: readonly number[] = [47, 1047, 1049];
/** Resetting these moves the cursor, holds the output back, or changes the screen: each has its own place in the order. */
const APART: ReadonlySet<number> = new Set([6, 2026, ...ALTERNATE]);

/** The private modes that are not as they were. */
export class PrivateModes {
  readonly #changed = new Set<number>();

  set(mode: number, isOn: boolean): void {
    const before = DEFAULTS.get(mode);
    if (before === undefined) return;
    // There is one alternate screen, whichever way it was entered.
    if (!isOn && ALTERNATE.includes(mode)) for (const each of ALTERNATE) this.#changed.delete(each);
    if (isOn === before) this.#changed.delete(mode);
    else this.#changed.add(mode);
  }

  get isAlternate(): boolean {
    return ALTERNATE.some((mode) => this.#changed.has(mode));
  }

  /** Leaving the alternate screen gives back the pen that entering it saved. */
  get restoresPen(): boolean {
    return this.#changed.has(1049);
  }

  reset(modes?: readonly number[]): void {
    if (modes === undefined) this.#changed.clear();
    else for (const mode of modes) this.#changed.delete(mode);
  }

  /** What ends a synchronized output. */
  endSynchronized(): string {
    return this.#changed.has(2026) ? '\x1b[?2026l' : '';
  }

  leaveAlternate(): string {
    return this.#switch(ALTERNATE, false);
  }

  enterAlternate(): string {
    return this.#switch(ALTERNATE, true);
  }

  /** What undoes the others. */
  undo(): string {
    return this.#switch([...this.#changed].filter((mode) => !APART.has(mode)).concat(6), false);
  }

  /** What does the others again. */
  redo(): string {
    return this.#switch([...this.#changed].filter((mode) => !APART.has(mode)).concat(6), true);
  }

  #switch(modes: readonly number[], isRedo: boolean): string {
    const parts = modes
      .filter((mode) => this.#changed.has(mode))
      .map((mode) => `\x1b[?${mode}${DEFAULTS.get(mode) === isRedo ? 'l' : 'h'}`);
    return parts.join('');
  }
}

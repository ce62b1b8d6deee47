import { utf8 } from '../base/bytes.ts';
import { printable } from '../base/printable.ts';

/** Puts the terminal's title on its own stack, and takes it back from there (xterm's window operations). */
export const SAVE_TITLE = '\x1b[22;0t';
export const RESTORE_TITLE = '\x1b[23;0t';
const MAX_TEXT_LENGTH = 200;

/** What has to be known of the output: OutputTracker does. */
export interface OutputState {
  readonly isGround: boolean;
  readonly controlModeActive: boolean;
}

/**
 * A notice in the terminal's title: the one place where something can be said without drawing into
 * the screen. It goes out only between sequences, and never while tmux -CC runs.
 *
 * Between any two calls: the title on the terminal's stack is there exactly while a notice is shown.
 */
export class TitleNotice {
  readonly #output: OutputState;
  #wanted: string | undefined;
  #shown: string | undefined;

  constructor(output: OutputState) {
    this.#output = output;
  }

  show(text: string): void {
    this.#wanted = printable(text).slice(0, MAX_TEXT_LENGTH);
  }

  hide(): void {
    this.#wanted = undefined;
  }

  /**
   * What to write to the terminal now; `undefined` when there is nothing, or it has to wait.
   * Ask after `show`, `hide`, and each piece of output.
   */
  take(): Uint8Array | undefined {
    if (this.#wanted === this.#shown) return undefined;
    if (!this.#output.isGround || this.#output.controlModeActive) return undefined;
    const save = this.#shown === undefined ? SAVE_TITLE : '';
    this.#shown = this.#wanted;
    return utf8(this.#shown === undefined ? RESTORE_TITLE : `${save}\x1b]2;${this.#shown}\x07`);
  }

  /** At the exit, ahead of OutputTracker's sequence: takes the notice back, wherever the output has stopped. */
  restoreSequence(): string {
    const isShown = this.#shown !== undefined;
    this.#wanted = undefined;
    this.#shown = undefined;
    return isShown ? RESTORE_TITLE : '';
  }
}

import { TerminalModes } from './terminal-modes.ts';
import { VtParser } from './vt-parser.ts';

/**
 * Watches a terminal's output pass by, for two questions: may something of ours be written here, and
 * what has to be undone at the end. The answers depend on the bytes alone, not on how they were cut.
 */
export class OutputTracker {
  #modes = new TerminalModes();
  #parser = new VtParser(this.#modes);

  push(bytes: Uint8Array): void {
    this.#parser.push(bytes);
  }

  /** Between characters and sequences. */
  get isGround(): boolean {
    return this.#parser.isGround;
  }

  /** tmux -CC talks to a program now; nothing but its bytes may pass. */
  get controlModeActive(): boolean {
    return this.#parser.isControlMode;
  }

  /** Exactly what undoes what the output has left on, in ASCII; empty when there is nothing. */
  restoreSequence(): string {
    return this.#abort() + this.#modes.undo();
  }

  /** `restoreSequence`, of which the caller sees to it that it is written: from now on nothing is on. */
  undo(): string {
    const sequence = this.restoreSequence();
    this.#modes = new TerminalModes();
    this.#parser = new VtParser(this.#modes);
    return sequence;
  }

  /** What sets the modes again after `restoreSequence` and a pause; the programs have to redraw. */
  applySequence(): string {
    return this.#modes.redo();
  }

  /** What ends a sequence that is only half there. */
  #abort(): string {
    if (this.#parser.isGround) return '';
    if (this.#parser.isControlMode) return '\x1b\\';
    return this.#parser.isString ? '\x18\x1b\\' : '\x18';
  }
}

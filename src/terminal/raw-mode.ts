import { utf8 } from '../base/bytes.ts';

/** The user's terminal, as far as it is set: process/tty-device.ts is the real one. */
export interface RawDevice {
  /** Raw, or exactly as it was found. */
  setRaw(raw: boolean): void;
  /** Written before it returns. */
  writeNow(bytes: Uint8Array): void;
}

/** What the output has left on, and how it is undone and done again. */
export interface OutputModes {
  restoreSequence(): string;
  applySequence(): string;
}

/**
 * Raw mode that is always given back. Every way out of the client calls `restore`, more than one may.
 *
 *   cooked --enter--> raw --restore--> cooked
 *                      `--suspend: cooked, stopped, raw again
 */
export class RawMode {
  readonly #device: RawDevice;
  readonly #modes: OutputModes;
  #isRaw = false;

  constructor(device: RawDevice, modes: OutputModes) {
    this.#device = device;
    this.#modes = modes;
  }

  get isRaw(): boolean {
    return this.#isRaw;
  }

  enter(): void {
    if (this.#isRaw) return;
    // Before the call: should it fail half way, restore still has something to do.
    this.#isRaw = true;
    this.#device.setRaw(true);
  }

  /** Undoes the modes that the output has left on, then the terminal's own. */
  restore(): void {
    if (!this.#isRaw) return;
    this.#isRaw = false;
    this.#write(this.#modes.restoreSequence());
    this.#device.setRaw(false);
  }

  /**
   * Gives the terminal back while `stop` lets the process be stopped, and takes it again when that
   * returns, which is after SIGCONT. The programs should then be made to redraw, as by a resize.
   */
  suspend(stop: () => void): void {
    const wasRaw = this.#isRaw;
    this.restore();
    stop();
    if (!wasRaw) return;
    this.enter();
    this.#write(this.#modes.applySequence());
  }

  /** After a SIGCONT that `suspend` did not wait for: the shell has set the terminal as it likes it. */
  reassert(): void {
    if (!this.#isRaw) return;
    this.#device.setRaw(false);
    this.#device.setRaw(true);
  }

  #write(sequence: string): void {
    if (sequence !== '') this.#device.writeNow(utf8(sequence));
  }
}

/** What a screen model is made with. Sizes in cells, scrollback in lines. */
export interface ScreenModelOptions {
  readonly columns: number;
  readonly rows: number;
  /** Default 1,000. */
  readonly scrollback?: number;
  /** What a terminal would answer to the program's questions. Default: dropped. */
  readonly onAnswer?: (bytes: Uint8Array) => void;
}

/** A terminal's screen, scrollback and modes, kept up to date from its output. */
export class ScreenModel {
  /** Loads the emulator, which is not loaded before. */
  static load(options: ScreenModelOptions): Promise<ScreenModel> {
    return Promise.resolve(new ScreenModel(options));
  }

  private constructor(_options: ScreenModelOptions) {}

  /** Takes a copy of `bytes`, and parses them in pieces, in later turns of the event loop. */
  write(_bytes: Uint8Array): void {}

  /** Bytes written and not parsed yet. */
  get pendingBytes(): number {
    return 0;
  }

  /** Resolves when everything written before the call has been parsed, or the model is closed. */
  whenParsed(): Promise<void> {
    return Promise.resolve();
  }

  /** In the order of the calls of `write`: what was written before is parsed at the size before. */
  resize(_columns: number, _rows: number): void {}

  /** What draws the screen as it is after everything that has been parsed, on a cleared terminal of this size in its default state. */
  paint(): Uint8Array {
    return new Uint8Array(0);
  }

  get title(): string {
    return '';
  }

  close(): void {}
}

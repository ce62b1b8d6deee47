import type { CsiSequence } from './csi-sequence.ts';
import { type VtHandler, VtParser } from './vt-parser.ts';

/** A title or a directory may be this long, in UTF-16 units; a longer title is cut, a longer directory is none. */
const MAX_LENGTH = 1024;
/** So much of a command is kept: what is counted here is bytes, of which a directory spends three on each that is escaped. */
const OSC_KEPT_BYTES = 4 * MAX_LENGTH;
/** Terminals keep about this many titles. */
const MAX_TITLES = 10;

/**
 * What a shell says of itself in passing: its title (OSC 0 and 2, and what was pushed and popped), its
 * directory (OSC 7). Both are as the program wrote them, and not fit to be shown before they are made
 * printable.
 */
export class ShellFacts implements VtHandler {
  readonly skipsRenditions = true;
  readonly #parser = new VtParser(this, OSC_KEPT_BYTES);
  #title: string | undefined;
  #directory: string | undefined;
  readonly #titles: (string | undefined)[] = [];

  push(bytes: Uint8Array): void {
    this.#parser.push(bytes);
  }

  get title(): string | undefined {
    return this.#title;
  }

  /** An absolute path on the host. */
  get cwd(): string | undefined {
    return this.#directory;
  }

  /** Between characters and sequences. */
  get isGround(): boolean {
    return this.#parser.isGround;
  }

  /** tmux -CC talks to a program. */
  get controlModeActive(): boolean {
    return this.#parser.isControlMode;
  }

  shift(): void {
    // Says nothing.
  }

  escape(): void {
    // Says nothing: not even a reset changes the title.
  }

  csi(sequence: CsiSequence): void {
    if (!sequence.is(0, 0, 't')) return;
    const operation = sequence.value(0, 0);
    // 1 is the icon's title alone.
    if (sequence.value(1, 0) === 1) return;
    if (operation === 22) {
      this.#titles.push(this.#title);
      if (this.#titles.length > MAX_TITLES) this.#titles.shift();
    } else if (operation === 23 && this.#titles.length > 0) this.#title = this.#titles.pop();
  }

  osc(payload: string, isCut: boolean): void {
    const end = payload.indexOf(';');
    const command = end < 0 ? payload : payload.slice(0, end);
    const rest = end < 0 ? '' : payload.slice(end + 1);
    if (command === '0' || command === '2') this.#title = textOf(rest).slice(0, MAX_LENGTH);
    else if (command === '7') this.#directory = isCut ? undefined : directoryOf(rest);
  }
}

/** The parser hands on bytes. */
function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** The path of `file://host/path`; `undefined` where there is none, or it is not UTF-8. */
function directoryOf(url: string): string | undefined {
  const escaped = /^file:\/\/[^/]*(?<path>\/.*)$/su.exec(url)?.groups?.['path'];
  if (escaped === undefined) return undefined;
  try {
    const path = decodeURIComponent(textOf(escaped));
    return path.length > MAX_LENGTH ? undefined : path;
  } catch {
    return undefined;
  }
}

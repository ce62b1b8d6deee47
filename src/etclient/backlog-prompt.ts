import { copyOf, EMPTY_BYTES, utf8 } from '../base/bytes.ts';
import { formatBytes } from './format-bytes.ts';

/** What the user may want of a long backlog. */
export type BacklogChoice = 'live' | 'replay';

export interface BacklogPromptDeps {
  readonly write: (bytes: Uint8Array) => void;
  /** Once; the keys behind the one that chose are the program's, and so is what it has printed meanwhile. */
  readonly onChoice: (choice: BacklogChoice, held: readonly Uint8Array[]) => void;
}

/** Enter, ^C, escape: whatever is quick. */
const LIVE = 'sS\r\n\u0003\u001b';
const REPLAY = 'rR';

/**
 * Asks which of two ways output that nobody has seen is to be shown. One key answers, and is not sent to the program; a key that
 * answers nothing is thrown away.
 *
 *   asking --key, close--> over (final)
 */
export class BacklogPrompt {
  readonly #deps: BacklogPromptDeps;
  readonly #held: Uint8Array[] = [];
  #isOver = false;

  constructor(bytes: number, deps: BacklogPromptDeps) {
    this.#deps = deps;
    const text = `${formatBytes(bytes)} of output came meanwhile: [s]how the screen, [r]eplay all?`;
    deps.write(utf8(`\r\net: ${text} `));
  }

  /** Takes what is typed; returns what of it is the program's. */
  type(bytes: Uint8Array): Uint8Array {
    if (this.#isOver) return bytes;
    for (let at = 0; at < bytes.length; at += 1) {
      const key = String.fromCharCode(bytes[at] ?? 0);
      const choice = LIVE.includes(key) ? 'live' : REPLAY.includes(key) ? 'replay' : undefined;
      if (choice === undefined) continue;
      this.#end(choice);
      return bytes.subarray(at + 1);
    }
    return EMPTY_BYTES;
  }

  /** Keeps a copy of what the program prints. */
  hold(bytes: Uint8Array): void {
    this.#held.push(copyOf(bytes));
  }

  /** Something more important has come. */
  close(): void {
    if (!this.#isOver) this.#end('live');
  }

  #end(choice: BacklogChoice): void {
    this.#isOver = true;
    this.#deps.write(utf8(`${choice}\r\n`));
    this.#deps.onChoice(choice, this.#held);
  }
}

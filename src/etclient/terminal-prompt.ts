import { copyOf, EMPTY_BYTES, utf8 } from '../base/bytes.ts';
import { messageOf } from '../base/errors.ts';
import { LineEditor } from '../terminal/line-editor.ts';

export interface TerminalPromptDeps {
  readonly write: (bytes: Uint8Array) => void;
  /** Does what the line says; what it resolves with is printed. */
  readonly run: (line: string) => Promise<readonly string[]>;
  /** The terminal is the program's again: here is what it has printed meanwhile. */
  readonly onOver: (held: readonly Uint8Array[]) => void;
}

/**
 * A line of our own on the user's terminal. Until it is over, the program's output waits: nobody says that it is consumed, so that
 * no more than a window of it comes.
 *
 *   typing --Enter--> running --done--> over (final)      typing --left--> over      any --close--> over
 */
export class TerminalPrompt {
  readonly #deps: TerminalPromptDeps;
  readonly #editor = new LineEditor();
  readonly #held: Uint8Array[] = [];
  #state: 'typing' | 'running' | 'over' = 'typing';

  constructor(deps: TerminalPromptDeps) {
    this.#deps = deps;
    this.#print('\r\net> ');
  }

  /** Takes what is typed; returns what of it is the program's. */
  type(bytes: Uint8Array): Uint8Array {
    if (this.#state !== 'typing') return bytes;
    const { echo, end, rest } = this.#editor.push(bytes);
    this.#print(echo);
    if (end === 'leave') this.close();
    if (end === 'enter') void this.#run();
    return end === undefined ? EMPTY_BYTES : rest;
  }

  /** Keeps a copy of what the program prints. */
  hold(bytes: Uint8Array): void {
    this.#held.push(copyOf(bytes));
  }

  close(): void {
    if (this.#state === 'over') return;
    if (this.#state === 'typing') this.#print('\r\n');
    this.#state = 'over';
    this.#deps.onOver(this.#held);
  }

  async #run(): Promise<void> {
    this.#state = 'running';
    this.#print('\r\n');
    const lines = await this.#deps
      .run(this.#editor.line)
      .catch((error: unknown) => [`et: ${messageOf(error)}`]);
    // Something more important has closed it.
    if (this.#isOver()) return;
    for (const line of lines) this.#print(`${line}\r\n`);
    this.close();
  }

  #isOver(): boolean {
    return this.#state === 'over';
  }

  #print(text: string): void {
    if (text !== '') this.#deps.write(utf8(text));
  }
}

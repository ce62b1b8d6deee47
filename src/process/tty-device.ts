import { spawnSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import type { ReadStream, WriteStream } from 'node:tty';
import { systemCodeOf } from '../base/errors.ts';

/** What the streams were made of, and do not tell. */
export interface TtyDescriptors {
  readonly input: number;
  readonly output: number;
}

const STANDARD: TtyDescriptors = { input: 0, output: 1 };

/** The user's own terminal: standard input and output of the client, when they are one. */
export class TtyDevice {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #fds: TtyDescriptors;

  constructor(input: ReadStream, output: WriteStream, fds: TtyDescriptors = STANDARD) {
    this.#input = input;
    this.#output = output;
    this.#fds = fds;
  }

  /**
   * Raw: every byte passes both ways unchanged. Node's raw mode leaves output processing on (a line
   * feed would become CR LF and break what full-screen programs draw), so stty turns it off.
   * Not raw: the settings that were found, all of them.
   */
  setRaw(raw: boolean): void {
    this.#input.setRawMode(raw);
    if (raw) spawnSync('stty', ['-opost'], { stdio: [this.#fds.input, 'ignore', 'ignore'] });
  }

  /** Written before it returns, so that it is out even when the process ends next. */
  writeNow(bytes: Uint8Array): void {
    for (let at = 0, stalls = 0; at < bytes.length && stalls < MAX_STALLS; ) {
      try {
        at += writeSync(this.#fds.output, bytes, at);
      } catch (error) {
        // A terminal that is gone cannot be restored, and one that is stopped need not be waited for.
        if (systemCodeOf(error) !== 'EAGAIN') return;
        stalls += 1;
      }
    }
  }

  /** `undefined` when the terminal does not know. */
  size(): { readonly columns: number; readonly rows: number } | undefined {
    const [columns, rows] = this.#output.getWindowSize();
    return columns > 0 && rows > 0 ? { columns, rows } : undefined;
  }

  /** Calls `onResize` at each change, until the returned function is called. */
  watchSize(onResize: () => void): () => void {
    this.#output.on('resize', onResize);
    return () => this.#output.off('resize', onResize);
  }
}

/** Some milliseconds of a full terminal. */
const MAX_STALLS = 1000;

import { SystemClock } from '../../src/base/clock.ts';
import type { ExitStatus } from '../../src/process/exit-status.ts';
import { type Pty, spawnPty } from '../../src/process/pty.ts';

export interface TypistOptions {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** What was printed before anybody waited for it is remembered this far back. */
const KEPT_BYTES = 4096;
const SEE_WITHIN_MS = 180_000;

/** Of every typist's terminal. */
export const TYPIST_SIZE = { columns: 80, rows: 24 } as const;

interface Wait {
  readonly wanted: Buffer;
  readonly found: (atMs: number) => void;
  readonly missed: (why: string) => void;
}

/**
 * Someone at a real terminal who types, and reads the clock at the moment the answer is on the screen: the same one for every
 * program under test.
 */
export class Typist {
  readonly #pty: Pty;
  readonly ended: Promise<ExitStatus>;
  /** Bytes printed so far. */
  received = 0;
  /** Who draws what is printed, as it is printed. The bytes are valid until the call returns. */
  onOutput: (bytes: Uint8Array) => void = () => undefined;
  #unseen: Buffer = Buffer.alloc(0);
  #wait: Wait | undefined;

  constructor([file = '', ...args]: readonly string[], options: TypistOptions) {
    let end: (exit: ExitStatus) => void = () => undefined;
    this.ended = new Promise((resolve) => {
      end = resolve;
    });
    const { cwd, environment } = options;
    this.#pty = spawnPty(
      { file, args, argv0: file, environment: () => environment, cwd, ...TYPIST_SIZE },
      new SystemClock(),
      {
        onData: (bytes) => this.#onData(bytes),
        onExit: (exit) => this.#onExit(exit, end),
        onWritable: () => undefined,
      },
    );
    this.#pty.resume();
  }

  get pid(): number {
    return this.#pty.pid;
  }

  type(text: string): void {
    this.#pty.write(Buffer.from(text, 'latin1'));
  }

  /** Resolves to the moment (of `performance.now`) at which `text` was printed after what was seen before. */
  see(text: string, withinMs: number = SEE_WITHIN_MS): Promise<number> {
    const wanted = Buffer.from(text, 'latin1');
    return new Promise((resolve, reject) => {
      const missed = (why: string): void => {
        clearTimeout(timer);
        this.#wait = undefined;
        const tail = JSON.stringify(this.#unseen.toString('latin1').slice(-400));
        reject(new Error(`${why}: ${JSON.stringify(text)} not seen in ${tail}`));
      };
      const found = (atMs: number): void => {
        clearTimeout(timer);
        resolve(atMs);
      };
      const timer = setTimeout(() => missed(`within ${withinMs} ms`), withinMs);
      this.#wait = { wanted, found, missed };
      this.#look();
    });
  }

  /** Milliseconds from typing `key` to seeing `answer`. */
  async answerTo(key: string, answer: string = key): Promise<number> {
    const typedMs = performance.now();
    this.type(key);
    return (await this.see(answer)) - typedMs;
  }

  /** Hangs up, as a closed window does. */
  async close(): Promise<void> {
    this.#pty.close();
    await this.ended;
  }

  #onData(bytes: Uint8Array): void {
    this.received += bytes.length;
    this.onOutput(bytes);
    const latest = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#unseen = Buffer.concat([this.#unseen, latest]);
    this.#look();
    // Copied, or a flood would keep each of its pieces alive as long as its last bytes are.
    if (this.#unseen.length > KEPT_BYTES)
      this.#unseen = Buffer.from(this.#unseen.subarray(-KEPT_BYTES));
  }

  #onExit(exit: ExitStatus, end: (exit: ExitStatus) => void): void {
    this.#wait?.missed('the program has ended');
    end(exit);
  }

  #look(): void {
    const wait = this.#wait;
    if (wait === undefined) return;
    const at = this.#unseen.indexOf(wait.wanted);
    if (at < 0) return;
    this.#wait = undefined;
    wait.found(performance.now());
    this.#unseen = this.#unseen.subarray(at + wait.wanted.length);
  }
}

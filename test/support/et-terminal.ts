import { SystemClock } from '../../src/base/clock.ts';
import type { ExitStatus } from '../../src/process/exit-status.ts';
import { type Pty, spawnPty } from '../../src/process/pty.ts';

export interface EtTerminalOptions {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly columns: number;
  readonly rows: number;
  /** Where output goes; default: into `text`. */
  readonly sink: ((bytes: Uint8Array) => void) | undefined;
}

const SEE_WITHIN_MS = 60_000;
const TAIL_CHARACTERS = 2000;

/** A program on a real terminal that a test types into and reads from, as expect(1) does. */
export class EtTerminal {
  readonly pty: Pty;
  /** Settles when the program has ended and all its output is here. */
  readonly ended: Promise<ExitStatus>;
  /** Everything it has printed, a character for each byte. */
  text = '';
  #seen = 0;
  readonly #sink: ((bytes: Uint8Array) => void) | undefined;
  readonly #watchers = new Set<() => void>();
  readonly #writers: (() => void)[] = [];

  constructor(command: readonly string[], options: Partial<EtTerminalOptions>) {
    const [file = '', ...args] = command;
    const { cwd = '/', environment = {}, columns = 80, rows = 24, sink } = options;
    this.#sink = sink;
    let end: (exit: ExitStatus) => void = () => undefined;
    this.ended = new Promise((resolve) => {
      end = resolve;
    });
    this.pty = spawnPty(
      { file, args, argv0: file, environment: () => environment, cwd, columns, rows },
      new SystemClock(),
      {
        onData: (bytes) => this.#onData(bytes),
        onExit: (exit) => {
          end(exit);
          this.#wake();
        },
        onWritable: () => {
          for (const resolve of this.#writers.splice(0)) resolve();
        },
      },
    );
    this.pty.resume();
  }

  /** Settles when `part` was printed after what was seen before; returns what stood between. */
  see(part: string, withinMs: number = SEE_WITHIN_MS): Promise<string> {
    return new Promise((resolve, reject) => {
      const from = this.#seen;
      let looked = from;
      const look = (): boolean => {
        const at = this.text.indexOf(part, looked);
        looked = Math.max(looked, this.text.length - part.length);
        if (at < 0) return false;
        this.#seen = at + part.length;
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve(this.text.slice(from, at));
        return true;
      };
      const timer = setTimeout(() => {
        this.#watchers.delete(look);
        const tail = this.text.slice(from).slice(-TAIL_CHARACTERS);
        reject(new Error(`not seen: ${JSON.stringify(part)}; printed: ${JSON.stringify(tail)}`));
      }, withinMs);
      this.#watchers.add(look);
      look();
    });
  }

  type(text: string): void {
    this.pty.write(Buffer.from(text, 'latin1'));
  }

  /** Types as fast as the terminal takes it. */
  async paste(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const count = Math.min(this.pty.writableBytes, bytes.length - at);
      if (count === 0) {
        await new Promise<void>((resolve) => this.#writers.push(resolve));
        continue;
      }
      this.pty.write(bytes.subarray(at, at + count));
      at += count;
    }
  }

  /** Types a line and sees what it printed up to the end of it, which `mark` tells. */
  async command(line: string): Promise<string> {
    this.type(`${line}; echo 'do''ne'\r`);
    await this.see('\n');
    return (await this.see('done\r\n')).replaceAll('\r\n', '\n');
  }

  #onData(bytes: Uint8Array): void {
    if (this.#sink === undefined) this.text += Buffer.from(bytes).toString('latin1');
    else this.#sink(bytes);
    this.#wake();
  }

  #wake(): void {
    for (const look of this.#watchers) look();
  }
}

import { readFileSync } from 'node:fs';
import { SystemClock } from '../../src/base/clock.ts';
import type { ExitStatus } from '../../src/process/exit-status.ts';
import type { Pty, PtyOptions } from '../../src/process/pty.ts';
import { spawnPty } from '../../src/process/pty.ts';

/** A real terminal, and everything that it said. */
export class PtyProbe {
  readonly pty: Pty;
  readonly ended: Promise<void>;
  exit: ExitStatus | undefined;
  text = '';
  bytes = 0;
  handedUpWhilePaused = 0;
  /** Pauses in each `onData`, and resumes a turn of the event loop later. */
  pauseAfterEach = false;
  /** Where output goes instead of `text`. */
  sink: ((bytes: Uint8Array) => void) | undefined;
  #paused = false;
  readonly #watchers: (() => void)[] = [];
  readonly #writers: (() => void)[] = [];

  constructor(options: Partial<PtyOptions> & Pick<PtyOptions, 'file' | 'args' | 'argv0'>) {
    let end: () => void = () => undefined;
    this.ended = new Promise((resolve) => {
      end = resolve;
    });
    const all: PtyOptions = {
      environment: () => ({ PATH: '/usr/local/bin:/usr/bin:/bin' }),
      cwd: '/',
      columns: 80,
      rows: 24,
      ...options,
    };
    this.pty = spawnPty(all, new SystemClock(), {
      onData: (bytes) => this.#onData(bytes),
      onExit: (exit) => {
        if (this.exit !== undefined) throw new Error('told twice');
        this.exit = exit;
        end();
      },
      onWritable: () => {
        for (const resolve of this.#writers.splice(0)) resolve();
      },
    });
  }

  /** Settles when `part` is in the text. */
  async see(part: string): Promise<void> {
    while (!this.text.includes(part)) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  async writable(): Promise<void> {
    await new Promise<void>((resolve) => this.#writers.push(resolve));
  }

  /** Settles when the process has ended and was collected. */
  async processGone(): Promise<void> {
    for (;;) {
      try {
        readFileSync(`/proc/${this.pty.pid}/stat`);
      } catch {
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  #onData(bytes: Uint8Array): void {
    if (this.#paused) this.handedUpWhilePaused += 1;
    this.bytes += bytes.length;
    if (this.sink === undefined) this.text += Buffer.from(bytes).toString('latin1');
    else this.sink(bytes);
    for (const resolve of this.#watchers.splice(0)) resolve();
    if (!this.pauseAfterEach) return;
    this.#paused = true;
    this.pty.pause();
    setImmediate(() => {
      this.#paused = false;
      this.pty.resume();
    });
  }
}

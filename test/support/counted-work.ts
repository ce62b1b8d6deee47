import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { EtTerminal } from './et-terminal.ts';
import { type LabHost, PROMPT } from './lab-host.ts';
import type { SeededRandom } from './seeded-random.ts';
import { Transcript } from './transcript.ts';
import { until } from './until.ts';

const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), 'remote-counter.js');
const LINE_BYTES = 72;
/** Bytes of the upload that may wait in front of the client: a key is typed behind them. */
const PASTE_AHEAD_BYTES = 16_384;
/** Between two keys. */
const KEY_EVERY_MS = [10, 150] as const;
const WITHIN_MS = 240_000;

export interface WorkOptions {
  readonly random: SeededRandom;
  /** Bytes of counted output. */
  readonly outputBytes: number;
  /** Bytes pasted beside the typing. Default none. */
  readonly inputBytes?: number;
  readonly args?: readonly string[];
}

/**
 * A shell at a lab's host in which a long counted output runs, while keys are typed at random moments and bytes are
 * pasted. What the terminal shows is compared byte by byte all the time.
 */
export class CountedWork {
  readonly terminal: EtTerminal;
  readonly transcript: Transcript;
  readonly #random: SeededRandom;
  readonly #input: string;
  #pasted = 0;
  #isTyping = true;
  readonly #typing: Promise<unknown>;

  private constructor(terminal: EtTerminal, transcript: Transcript, options: WorkOptions) {
    this.terminal = terminal;
    this.transcript = transcript;
    this.#random = options.random;
    this.#input = smallLetters(options.random, options.inputBytes ?? 0);
    this.#typing = Promise.all([this.#type(), this.#paste()]);
  }

  static async start(host: LabHost, options: WorkOptions): Promise<CountedWork> {
    const { outputBytes, inputBytes = 0, args = ['testhost'] } = options;
    const lines = Math.ceil(outputBytes / LINE_BYTES);
    const transcript = new Transcript(lines);
    let shown = '';
    // Every byte counts, also where so many wait after an outage that a user would be shown the screen instead.
    const terminal = host.et(['--backlog', 'replay', ...args], {
      sink: (bytes) => {
        if (shown.length < 100_000) shown += Buffer.from(bytes).toString('latin1');
        transcript.push(bytes);
      },
    });
    await until(
      'a prompt',
      () => shown,
      (text) => text.endsWith(PROMPT),
    );
    terminal.type(`exec ${process.execPath} ${PROGRAM} ${lines} ${inputBytes}\r`);
    await until(
      'the program',
      () => shown,
      (text) => text.includes('\x02'),
    );
    return new CountedWork(terminal, transcript, options);
  }

  /** Settles when this part of everything, from 0 to 1, has come out and gone in. */
  async reached(part: number): Promise<void> {
    const { transcript } = this;
    const wanted = part * (transcript.totalBytes + this.#input.length);
    await until(
      `${part} of the work`,
      () => transcript.lineBytes + this.#pasted,
      (done) => done >= wanted,
      WITHIN_MS,
    );
  }

  /** Settles when a key that is typed now was echoed. */
  async echo(): Promise<void> {
    const count = this.#press();
    const { transcript } = this;
    await until(
      'an echo',
      () => transcript.echoedKeys,
      (echoed) => echoed >= count,
      WITHIN_MS,
    );
  }

  stopTyping(): void {
    this.#isTyping = false;
  }

  /** Settles when everything has come and gone exactly once, and the session has ended as its shell did. */
  async finish(): Promise<void> {
    await this.reached(1);
    this.stopTyping();
    await this.#typing;
    const { transcript } = this;
    this.terminal.type('.');
    await until(
      'the end',
      () => transcript.digest,
      (told) => told !== undefined,
      WITHIN_MS,
    );
    const { status } = await this.terminal.ended;
    const found = [transcript.digest, transcript.lineBytes, transcript.echoedKeys, status];
    const digest = createHash('sha256').update(this.#input).digest('hex');
    const wanted = [digest, transcript.totalBytes, transcript.typed.length, 0];
    if (found.join() !== wanted.join())
      throw new Error(`wanted ${wanted.join()}; found ${found.join()}`);
  }

  #press(): number {
    const key = String.fromCharCode(this.#random.integer(0x41, 0x5a));
    this.transcript.typed += key;
    this.terminal.type(key);
    return this.transcript.typed.length;
  }

  async #type(): Promise<void> {
    while (this.#isTyping) {
      this.#press();
      await sleep(this.#random.integer(...KEY_EVERY_MS));
    }
  }

  async #paste(): Promise<void> {
    const { pty } = this.terminal;
    while (this.#pasted < this.#input.length) {
      const piece = this.#input.slice(this.#pasted, this.#pasted + this.#random.integer(1, 8192));
      await until(
        'room',
        () => pty.queued,
        (queued) => queued < PASTE_AHEAD_BYTES,
        WITHIN_MS,
      );
      this.terminal.type(piece);
      this.#pasted += piece.length;
    }
  }
}

function smallLetters(random: SeededRandom, count: number): string {
  const letters = random.bytes(count).map((byte) => 0x61 + (byte % 26));
  return Buffer.from(letters).toString('latin1');
}

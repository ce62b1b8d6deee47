import { setTimeout as sleep } from 'node:timers/promises';
import type { EtTerminal } from './et-terminal.ts';
import { type LabHost, PROMPT } from './lab-host.ts';
import { until } from './until.ts';

const KEY_EVERY_MS = 30;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** Somebody types into a program that says each key back at once, and looks how long nothing comes. */
export class EchoTyping {
  readonly #terminal: EtTerminal;
  readonly #keys: number;
  #shown = '';
  #echoed = '';
  #isEchoing = false;
  #typed = '';
  #lastMs = 0;
  /** The longest time between two echoes since it was last set to 0. */
  longestGapMs = 0;

  /** `keys`: how many will be typed in all. */
  private constructor(host: LabHost, args: readonly string[], keys: number) {
    this.#keys = keys;
    this.#terminal = host.et(args, { sink: (bytes) => this.#take(bytes) });
  }

  static async start(host: LabHost, args: readonly string[], keys: number): Promise<EchoTyping> {
    const typing = new EchoTyping(host, args, keys);
    await until(
      'a prompt',
      () => typing.#shown,
      (text) => text.includes(PROMPT),
    );
    // Without buffers between: each byte is read and written by itself.
    const program = `dd bs=1 count=${keys} status=none`;
    typing.#terminal.type(`stty raw -echo; printf 'STA''RT'; ${program}; stty sane; exit\r`);
    await until(
      'the program',
      () => typing.#isEchoing,
      (isEchoing) => isEchoing,
    );
    return typing;
  }

  async type(count: number): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      const key = LETTERS.charAt(this.#typed.length % LETTERS.length);
      this.#typed += key;
      this.#terminal.type(key);
      await sleep(KEY_EVERY_MS);
    }
  }

  /** Settles when every key has come back; throws where another byte has. */
  async echoed(): Promise<void> {
    await until(
      'all echoes',
      () => this.#echoed,
      (echoed) => echoed.length >= this.#typed.length,
    );
    if (this.#echoed !== this.#typed) throw new Error(`typed ${this.#typed}, saw ${this.#echoed}`);
  }

  /** Types what is left, and sees the shell end. */
  async finish(): Promise<void> {
    await this.type(this.#keys - this.#typed.length);
    await this.#terminal.ended;
    if (!this.#echoed.startsWith(this.#typed)) throw new Error(`saw ${this.#echoed}`);
  }

  #take(bytes: Uint8Array): void {
    const text = Buffer.from(bytes).toString('latin1');
    const nowMs = performance.now();
    if (this.#isEchoing) {
      this.#echoed += text;
      this.longestGapMs = Math.max(this.longestGapMs, nowMs - this.#lastMs);
    } else {
      this.#shown += text;
      const at = this.#shown.indexOf('START');
      this.#isEchoing = at >= 0;
      if (this.#isEchoing) this.#echoed = this.#shown.slice(at + 'START'.length);
    }
    this.#lastMs = nowMs;
  }
}

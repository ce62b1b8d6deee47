import { utf8 } from '../base/bytes.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Carrier } from '../link/carrier.ts';
import { answerTo, type ControlHandler } from './control-answers.ts';
import { ControlLines } from './control-lines.ts';

export const MAX_QUESTION_BYTES = 16_384;
/** Who says nothing for so long, and waits for no answer, is let go, in milliseconds. */
export const QUESTION_WITHIN_MS = 10_000;
/** Questions that one connection may have asked ahead. */
const MAX_WAITING = 64;
/** Answers that nobody reads, in bytes. */
const MAX_UNREAD_BYTES = 4_194_304;

/**
 * One connection to a control socket: questions are answered one after the other, in the order in which they came.
 *
 * Between any two calls: a timer is set exactly while the connection is open and no question is being answered.
 */
export class ControlConnection {
  readonly #carrier: Carrier;
  readonly #clock: Clock;
  readonly #handler: ControlHandler;
  readonly #onOver: () => void;
  readonly #lines = new ControlLines(MAX_QUESTION_BYTES);
  readonly #waiting: string[] = [];
  #isAnswering = false;
  #isOver = false;
  #timer: Timer | undefined;

  constructor(carrier: Carrier, clock: Clock, handler: ControlHandler, onOver: () => void) {
    this.#carrier = carrier;
    this.#clock = clock;
    this.#handler = handler;
    this.#onOver = onOver;
    this.#arm();
    carrier.start({
      onBytes: (bytes) => this.#read(bytes),
      onClose: () => this.#end(),
    });
  }

  /** Cuts it. */
  close(): void {
    this.#carrier.reset();
    this.#end();
  }

  #read(bytes: Uint8Array): void {
    const lines = this.#lines.push(bytes);
    if (lines === undefined) {
      this.#say({ error: `a question has at most ${MAX_QUESTION_BYTES} bytes` });
      this.#carrier.close();
      this.#end();
      return;
    }
    this.#waiting.push(...lines);
    if (this.#waiting.length > MAX_WAITING) this.close();
    else if (lines.length > 0 && !this.#isAnswering) void this.#answer();
  }

  /** Never rejects: `answerTo` does not. */
  async #answer(): Promise<void> {
    this.#timer?.cancel();
    this.#isAnswering = true;
    for (let line = this.#waiting.shift(); line !== undefined; line = this.#waiting.shift()) {
      this.#say(await answerTo(line, this.#handler));
      if (this.#carrier.queuedBytes > MAX_UNREAD_BYTES) this.close();
    }
    this.#isAnswering = false;
    if (!this.#isOver) this.#arm();
  }

  #say(answer: object): void {
    if (!this.#isOver) this.#carrier.write([utf8(`${JSON.stringify(answer)}\n`)]);
  }

  #arm(): void {
    this.#timer = this.#clock.schedule(QUESTION_WITHIN_MS, () => this.close());
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#waiting.length = 0;
    this.#timer?.cancel();
    this.#onOver();
  }
}

import { concatBytes } from '../../src/base/bytes.ts';
import type { EtError } from '../../src/base/errors.ts';
import type { StreamSocketEvents } from '../../src/link/stream-socket.ts';
import type { Joinable } from '../../src/router/joinable.ts';

/** A connection of which a test is the peer: it says what has come, and sees what was written and done. */
export class FakeEnd implements Joinable {
  readonly label = 'fake';
  queuedBytes = 0;
  /** In the order in which it happened: `end`, `reset`, `pause`, `resume`. */
  readonly done: string[] = [];
  /** What it writes does not leave: it waits, until `drain`. */
  isStuck = false;
  #events: StreamSocketEvents | undefined;
  readonly #written: Uint8Array[] = [];

  get written(): Uint8Array {
    return concatBytes(this.#written);
  }

  get lines(): unknown[] {
    const lines = Buffer.from(this.written).toString().split('\n');
    return lines.slice(0, -1).map((line) => JSON.parse(line) as unknown);
  }

  get isPaused(): boolean {
    return this.done.findLast((what) => what === 'pause' || what === 'resume') === 'pause';
  }

  get isReset(): boolean {
    return this.done.includes('reset');
  }

  start(events: StreamSocketEvents): void {
    this.#events = events;
    this.done.push('resume');
  }

  pause(): void {
    this.done.push('pause');
  }

  resume(): void {
    this.done.push('resume');
  }

  write(bytes: Uint8Array): void {
    this.#written.push(new Uint8Array(bytes));
    if (this.isStuck) this.queuedBytes += bytes.length;
  }

  end(): void {
    this.done.push('end');
  }

  reset(): void {
    this.done.push('reset');
    this.#events = undefined;
  }

  /** The peer says something. */
  say(bytes: Uint8Array): void {
    const lent = new Uint8Array(bytes);
    this.#events?.onBytes(lent);
    lent.fill(0xff);
  }

  sayLine(line: object): void {
    this.say(Buffer.from(`${JSON.stringify(line)}\n`));
  }

  /** The peer says no more. */
  finish(): void {
    this.#events?.onEnd();
  }

  close(error?: EtError): void {
    const events = this.#events;
    this.#events = undefined;
    events?.onClose(error);
  }

  drain(): void {
    this.isStuck = false;
    this.queuedBytes = 0;
    this.#events?.onDrain();
  }
}

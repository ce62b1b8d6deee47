import { writeCredit } from '../wire/encode-message.ts';
import type { ReceiveWindow } from './receive-window.ts';
import { RingNode } from './ring.ts';
import type { ControlSource } from './scheduler.ts';

/** A CREDIT with each number at its longest. */
const LARGEST_CREDIT_BYTES = 17;

/**
 * The control messages of one channel: at most one of OPEN, ACCEPT, REFUSE and RESET, and behind it at most one CREDIT,
 * whose limit is decided when it is sent.
 */
export class ChannelControl implements ControlSource {
  readonly node: RingNode<ControlSource>;
  readonly #id: number;
  readonly #window: ReceiveWindow;
  readonly #onSent: () => void;
  #message: Uint8Array | undefined;
  #isCreditDue = false;

  /** `onSent`: the message, other than CREDIT, has been taken. */
  constructor(id: number, window: ReceiveWindow, onSent: () => void) {
    this.#id = id;
    this.#window = window;
    this.#onSent = onSent;
    this.node = new RingNode<ControlSource>(this);
  }

  get hasControl(): boolean {
    return this.#message !== undefined || this.#isCreditDue;
  }

  /** Replaces a message that was not sent. */
  set(message: Uint8Array): void {
    this.#message = message;
  }

  /** False when a CREDIT is waiting already. */
  setCreditDue(): boolean {
    if (this.#isCreditDue) return false;
    this.#isCreditDue = true;
    return true;
  }

  clear(): void {
    this.#message = undefined;
    this.#isCreditDue = false;
  }

  emitControl(target: Uint8Array, at: number): number {
    const message = this.#message;
    if (message === undefined) return this.#emitCredit(target, at);
    if (at + message.length > target.length) return at;
    target.set(message, at);
    this.#message = undefined;
    this.#onSent();
    return at + message.length;
  }

  #emitCredit(target: Uint8Array, at: number): number {
    if (!this.#isCreditDue || at + LARGEST_CREDIT_BYTES > target.length) return at;
    this.#isCreditDue = false;
    return writeCredit(target, at, this.#id, this.#window.grant());
  }
}

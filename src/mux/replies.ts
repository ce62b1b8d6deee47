import { EtError } from '../base/errors.ts';
import { RingNode } from './ring.ts';
import type { ControlSource } from './scheduler.ts';

/**
 * A peer that keeps its bound of 256 unanswered OPENs can make us owe no more than those; this is several times that. One
 * that goes beyond does not read its answers, and would fill our memory.
 */
const MAX_REPLIES = 1024;

/** REFUSE and RESET of one stream that belong to no channel here. */
export class Replies implements ControlSource {
  readonly node: RingNode<ControlSource>;
  #messages: Uint8Array[] = [];
  #head = 0;

  constructor() {
    this.node = new RingNode<ControlSource>(this);
  }

  get hasControl(): boolean {
    return this.#head < this.#messages.length;
  }

  /** Throws ET_ERR_MESSAGE when the peer provokes more than it reads. */
  push(message: Uint8Array): void {
    if (this.#messages.length - this.#head >= MAX_REPLIES) {
      throw new EtError('ET_ERR_MESSAGE', `more than ${MAX_REPLIES} refusals wait to be read`);
    }
    this.#messages.push(message);
  }

  emitControl(target: Uint8Array, at: number): number {
    const message = this.#messages[this.#head];
    if (message === undefined || at + message.length > target.length) return at;
    target.set(message, at);
    this.#head += 1;
    if (this.#head * 2 > this.#messages.length) {
      this.#messages = this.#messages.slice(this.#head);
      this.#head = 0;
    }
    return at + message.length;
  }
}

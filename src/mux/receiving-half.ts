import { MAX_EARLY_NOTES } from '../wire/limits.ts';
import { type JsonObject, REASON } from '../wire/messages.ts';
import { MarkedQueue } from './marked-queue.ts';
import type { ReceiveWindow } from './receive-window.ts';

/** How the peer broke the rules of a channel. */
export interface Fault {
  /** A code of `REASON`. */
  readonly code: number;
  readonly text: string;
}

/** Where what arrived goes, in order. */
export interface ReceivingOwner {
  deliverData(bytes: Uint8Array): void;
  deliverNote(body: JsonObject, bodyBytes: number): void;
  deliverEof(): void;
}

/** A note, or (without one) the end of file. */
interface Mark {
  readonly note: { readonly body: JsonObject; readonly bodyBytes: number } | undefined;
}

/**
 * What one channel has received. While it is held (no owner yet) everything waits here, within the bounds of early data.
 *
 * Between any two calls: everything that came has been delivered, in order, or stands in `#held` in order.
 */
export class ReceivingHalf {
  readonly #window: ReceiveWindow;
  readonly #owner: ReceivingOwner;
  #held: MarkedQueue<Mark> | undefined;
  #notesLeft = Number.POSITIVE_INFINITY;
  #hasEof = false;
  #isEnded = false;

  constructor(window: ReceiveWindow, owner: ReceivingOwner) {
    this.#window = window;
    this.#owner = owner;
  }

  /** Whether the end of file has been delivered. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  hold(): void {
    this.#held = new MarkedQueue<Mark>();
    this.#notesLeft = MAX_EARLY_NOTES;
  }

  /** The channel has an owner. True when something is held for it, until `flush`; otherwise nothing will be. */
  release(): boolean {
    this.#notesLeft = Number.POSITIVE_INFINITY;
    if (this.#held?.isEmpty === true) this.#held = undefined;
    return this.#held !== undefined;
  }

  /** Delivers what was held, and what comes meanwhile behind it. */
  flush(): void {
    const held = this.#held;
    // Dropped from inside a delivery, the queue is empty, and `#held` no longer this one.
    while (held !== undefined && !held.isEmpty) {
      const mark = held.frontMark;
      if (mark === undefined) {
        this.#owner.deliverData(held.takePiece());
      } else {
        held.shiftMark();
        this.#deliver(mark);
      }
    }
    this.#held = undefined;
  }

  drop(): void {
    this.#held?.clear();
    this.#held = undefined;
  }

  data(bytes: Uint8Array): Fault | undefined {
    if (this.#hasEof) return { code: REASON.protocol, text: 'DATA after EOF' };
    if (!this.#window.receive(bytes.length)) return this.#overrun(bytes.length);
    if (this.#held === undefined) this.#owner.deliverData(bytes);
    else this.#held.push(bytes.slice());
    return undefined;
  }

  note(body: JsonObject, bodyBytes: number): Fault | undefined {
    if (this.#notesLeft <= 0) return { code: REASON.protocol, text: 'too many early notes' };
    if (!this.#window.receive(bodyBytes)) return this.#overrun(bodyBytes);
    this.#notesLeft -= 1;
    this.#pass({ note: { body, bodyBytes } });
    return undefined;
  }

  eof(): Fault | undefined {
    if (this.#hasEof) return { code: REASON.protocol, text: 'EOF twice' };
    this.#hasEof = true;
    this.#pass({ note: undefined });
    return undefined;
  }

  #pass(mark: Mark): void {
    if (this.#held === undefined) this.#deliver(mark);
    else this.#held.pushMark(mark);
  }

  #deliver(mark: Mark): void {
    if (mark.note !== undefined) {
      this.#owner.deliverNote(mark.note.body, mark.note.bodyBytes);
      return;
    }
    this.#isEnded = true;
    this.#window.endPeer();
    this.#owner.deliverEof();
  }

  #overrun(bytes: number): Fault {
    const text = `${bytes} bytes above the limit ${this.#window.limit}`;
    return { code: REASON.credit, text };
  }
}

import { EtError } from '../base/errors.ts';
import {
  dataBodyRoom,
  encodeNote,
  eofSize,
  writeDataHeader,
  writeEof,
} from '../wire/encode-message.ts';
import { MAX_EARLY_NOTES } from '../wire/limits.ts';
import type { JsonObject } from '../wire/messages.ts';
import { MarkedQueue } from './marked-queue.ts';
import type { SendCredit } from './send-credit.ts';

/** `write` asks for a pause above this, and `onDrain` comes at half of it: enough for several messages at any speed. */
export const DEFAULT_HIGH_WATER_BYTES: number = 256 * 1024;
/** The rest of a nearly full record is not worth a DATA message of fewer bytes. */
const MIN_BODY_BYTES = 64;

/** A note, made ready, or (without one) the end of file. */
interface Mark {
  readonly note: { readonly message: Uint8Array; readonly bodyBytes: number } | undefined;
}

/**
 * What one channel has to send, in its order.
 *
 * Between any two calls: what was written is either in the queue or has been emitted, and no more body bytes were emitted
 * than the credit allows. `emit` alone turns bytes into messages.
 */
export class SendingHalf {
  readonly #id: number;
  readonly #credit: SendCredit;
  readonly #queue = new MarkedQueue<Mark>();
  #isEnded = false;
  #isEofSent = false;
  #wantsDrain = false;
  #notesLeft = MAX_EARLY_NOTES;
  /** Where the producer holds bytes back by itself, as a terminal's log does, it wants little to wait here. */
  highWaterBytes: number = DEFAULT_HIGH_WATER_BYTES;

  constructor(id: number, credit: SendCredit) {
    this.#id = id;
    this.#credit = credit;
  }

  get bufferedBytes(): number {
    return this.#queue.length;
  }

  get isEofSent(): boolean {
    return this.#isEofSent;
  }

  get isDrainDue(): boolean {
    return this.#wantsDrain && this.#queue.length <= this.highWaterBytes / 2;
  }

  get canSend(): boolean {
    const mark = this.#queue.frontMark;
    if (mark === undefined) return this.#queue.length > 0 && this.#credit.availableBytes > 0;
    if (mark.note === undefined) return true;
    return this.#notesLeft > 0 && mark.note.bodyBytes <= this.#credit.availableBytes;
  }

  /** The channel is accepted: the bounds of early data no longer hold. */
  liftEarlyBounds(): void {
    this.#notesLeft = Number.POSITIVE_INFINITY;
  }

  /** Copies `bytes`; false above the high-water mark. */
  write(bytes: Uint8Array): boolean {
    if (this.#isEnded) throw new EtError('ET_ERR_STATE', 'write after end');
    this.#queue.push(bytes);
    if (this.#queue.length > this.highWaterBytes) this.#wantsDrain = true;
    return !this.#wantsDrain;
  }

  note(body: JsonObject): void {
    this.#queue.pushMark({ note: encodeNote(this.#id, body) });
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#queue.pushMark({ note: undefined });
  }

  /** True once for each time that the queue has drained. */
  takeDrain(): boolean {
    if (!this.isDrainDue) return false;
    this.#wantsDrain = false;
    return true;
  }

  /** Writes the next message at `at`; returns its end, or `at` when it does not fit. `canSend` holds. */
  emit(target: Uint8Array, at: number, maxBodyBytes: number): number {
    const mark = this.#queue.frontMark;
    if (mark === undefined) return this.#emitData(target, at, maxBodyBytes);
    if (mark.note === undefined) {
      if (at + eofSize(this.#id) > target.length) return at;
      this.#queue.shiftMark();
      this.#isEofSent = true;
      this.#credit.leaveSum();
      return writeEof(target, at, this.#id);
    }
    const { message, bodyBytes } = mark.note;
    if (at + message.length > target.length) return at;
    this.#queue.shiftMark();
    this.#credit.use(bodyBytes);
    this.#notesLeft -= 1;
    target.set(message, at);
    return at + message.length;
  }

  drop(): void {
    this.#queue.clear();
    this.#wantsDrain = false;
  }

  #emitData(target: Uint8Array, at: number, maxBodyBytes: number): number {
    const room = dataBodyRoom(this.#id, target.length - at);
    const wanted = Math.min(this.#queue.runLength, this.#credit.availableBytes, maxBodyBytes);
    const bytes = Math.min(room, wanted);
    if (bytes < 1 || (bytes < wanted && bytes < MIN_BODY_BYTES && at > 0)) return at;
    const bodyAt = writeDataHeader(target, at, this.#id, bytes);
    const end = bodyAt + bytes;
    this.#queue.takeInto(target.subarray(bodyAt, end));
    this.#credit.use(bytes);
    return end;
  }
}

import { EtError } from '../base/errors.ts';
import { type JsonObject, REASON } from '../wire/messages.ts';
import type { Channel, ChannelEvents, ChannelReason } from './channel.ts';
import { Deflater } from './deflater.ts';
import { InflatingHalf } from './inflating-half.ts';
import type { Priority } from './priority.ts';

/**
 * A channel whose DATA is a raw deflate stream in each direction (PROTOCOL.md section 8, compression).
 *
 *                 write              DATA
 *   owner ------------> Deflater ------------> channel            one flush for each write
 *         <------------ InflatingHalf <-------                    a piece at a time, as the owner consumes
 *
 * Between any two calls:
 * 1. The streams are this channel's own: what another channel carries changes no length here, or it could be guessed at.
 * 2. Everything that was written has been given to the channel, and can be inflated without what comes later.
 * 3. `onClose` comes when the channel is closed and all that it brought in order has been delivered.
 */
export class CompressedChannel implements Channel {
  readonly #channel: Channel;
  readonly #events: ChannelEvents;
  readonly #onClosed: (() => void) | undefined;
  readonly #received: InflatingHalf;
  /** Made for the first byte: most channels say nothing in one direction. */
  #deflater: Deflater | undefined;
  /** What the channel said to the last bytes it was given. */
  #hasRoom = true;
  #isEnded = false;
  /** Nothing can be sent or received any more; what came may still have to be delivered. */
  #isChannelClosed = false;
  #isClosed = false;
  /** How the peer broke the rules. */
  #fault: ChannelReason | undefined;

  /** `make` opens or accepts the channel itself; `onClosed` is called before the owner's `onClose`. */
  constructor(
    events: ChannelEvents,
    make: (inner: ChannelEvents) => Channel,
    onClosed?: () => void,
  ) {
    this.#events = events;
    this.#onClosed = onClosed;
    this.#received = new InflatingHalf({
      deliverData: (bytes) => events.onData(bytes),
      deliverNote: (body) => events.onNote?.(body),
      deliverEof: () => events.onEof?.(),
      payCredit: (bytes) => this.#channel.consumed(bytes),
      onFault: (text) => this.#violate(text),
      onSettled: () => this.#closeIfOver(),
    });
    this.#channel = make(this.#innerEvents());
  }

  get id(): number {
    return this.#channel.id;
  }

  get kind(): string {
    return this.#channel.kind;
  }

  get stream(): number {
    return this.#channel.stream;
  }

  get priority(): Priority {
    return this.#channel.priority;
  }

  get isOpen(): boolean {
    return !this.#isClosed;
  }

  /** As they are sent. */
  get bufferedBytes(): number {
    return this.#channel.bufferedBytes;
  }

  get windowBytes(): number {
    return this.#channel.windowBytes;
  }

  get droppedDatagramCount(): number {
    return this.#channel.droppedDatagramCount;
  }

  setPriority(priority: Priority): void {
    this.#channel.setPriority(priority);
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#channel.isOpen) return false;
    if (this.#isEnded) throw new EtError('ET_ERR_STATE', 'write after end');
    if (bytes.length === 0) return this.#channel.write(bytes);
    this.#deflater ??= new Deflater((deflated) => {
      this.#hasRoom = this.#channel.write(deflated);
    });
    this.#deflater.write(bytes);
    return this.#hasRoom;
  }

  end(): void {
    if (this.#isEnded || !this.#channel.isOpen) return;
    this.#isEnded = true;
    this.#deflater?.finish();
    this.#deflater = undefined;
    this.#channel.end();
  }

  note(body: JsonObject): boolean {
    return this.#channel.note(body);
  }

  reset(code?: number, text?: string): void {
    this.#received.drop();
    if (this.#channel.isOpen) this.#channel.reset(code, text);
    else this.#closeIfOver();
  }

  consumed(bytes: number): void {
    if (!this.#isClosed) this.#received.consumed(bytes);
  }

  sendDatagram(bytes: Uint8Array): boolean {
    return this.#channel.sendDatagram(bytes);
  }

  #innerEvents(): ChannelEvents {
    const events = this.#events;
    return {
      onData: (bytes) => this.#received.data(bytes),
      onNote: (body) => this.#received.note(body),
      onEof: () => this.#received.eof(),
      onAccept: (metadata) => events.onAccept?.(metadata),
      onRefuse: (error, reason) => events.onRefuse?.(error, reason),
      onReset: (error, reason) => {
        this.#received.drop();
        events.onReset?.(error, reason);
      },
      onDrain: () => events.onDrain?.(),
      onDatagram: (bytes) => events.onDatagram?.(bytes),
      onClose: () => this.#channelClosed(),
    };
  }

  #violate(text: string): void {
    this.#fault = { code: REASON.protocol, text };
    if (this.#channel.isOpen) this.#channel.reset(REASON.protocol, text);
    else this.#closeIfOver();
  }

  #channelClosed(): void {
    this.#isChannelClosed = true;
    this.#deflater = undefined;
    this.#closeIfOver();
  }

  #closeIfOver(): void {
    if (!this.#isChannelClosed || this.#isClosed || !this.#received.isEmpty) return;
    this.#isClosed = true;
    this.#onClosed?.();
    const fault = this.#fault;
    if (fault !== undefined) {
      const message = `channel ${this.id}: broken by the peer: ${fault.text}`;
      this.#events.onReset?.(new EtError('ET_ERR_CHANNEL_RESET', message), fault);
    }
    this.#events.onClose?.();
  }
}

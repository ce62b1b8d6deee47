import { type ErrorCode, EtError } from '../base/errors.ts';
import { encodeAccept, encodeOpen, encodeRefuse, encodeReset } from '../wire/encode-message.ts';
import { MAX_EARLY_DATA_BYTES } from '../wire/limits.ts';
import { type JsonObject, REASON } from '../wire/messages.ts';
import type { Channel, ChannelEvents, ChannelOptions, ChannelReason } from './channel.ts';
import { ChannelControl } from './channel-control.ts';
import type { ChannelHost, ChannelInit } from './channel-host.ts';
import type { OpenLimit, OpenTicket } from './open-limit.ts';
import { classOf, PRIORITIES, type Priority } from './priority.ts';
import { ReceiveWindow } from './receive-window.ts';
import { type Fault, ReceivingHalf, type ReceivingOwner } from './receiving-half.ts';
import { type Flow, FlowSlot, type StreamScheduler } from './scheduler.ts';
import { SendCredit } from './send-credit.ts';
import { SendingHalf } from './sending-half.ts';

const NO_EVENTS: ChannelEvents = { onData: () => undefined };

/**
 *   waiting --OPEN taken--> opening --ACCEPT--+
 *                                             +--> open --both EOFs--> closed
 *   incoming ---------------accept()----------+
 *
 *   any but waiting --reset(), refuse(), a fault of the peer--> ending --RESET or REFUSE taken--> closed
 *   waiting --reset()--> closed      any --RESET or REFUSE of the peer, end of the session--> closed
 *
 * Between any two calls: the scheduler queues this flow only if `canSend`; the pool's reservation is held until `closed`,
 * so that what the peer sees released it sees in the stream's order. `onClose` has come if and only if `isOpen` is false,
 * but for `incoming`, which has no owner to tell.
 */
export class MuxChannel implements Channel, Flow, ReceivingOwner {
  readonly id: number;
  readonly kind: string;
  readonly stream: number;
  readonly #host: ChannelHost;
  readonly #scheduler: StreamScheduler;
  readonly #openLimit: OpenLimit;
  readonly #credit: SendCredit;
  readonly #window: ReceiveWindow;
  readonly #sending: SendingHalf;
  readonly #receiving: ReceivingHalf;
  readonly #slot: FlowSlot;
  readonly #control: ChannelControl;
  #state: 'waiting' | 'opening' | 'incoming' | 'open' | 'ending' | 'closed';
  #events: ChannelEvents = NO_EVENTS;
  /** Held while the OPEN is unanswered. */
  #ticket: OpenTicket | undefined;
  /** Our ACCEPT waits to be taken: a datagram that overtook it would be dropped by the peer. */
  #isAcceptDue = false;
  #droppedDatagrams = 0;

  constructor(init: ChannelInit) {
    this.id = init.id;
    this.kind = init.kind;
    this.stream = init.stream;
    this.#host = init.host;
    this.#scheduler = init.scheduler;
    this.#openLimit = init.openLimit;
    this.#state = init.isOurs ? 'waiting' : 'incoming';
    this.#credit = new SendCredit(init.creditSum, init.isOurs ? MAX_EARLY_DATA_BYTES : 0);
    const early = init.isOurs ? 0 : MAX_EARLY_DATA_BYTES;
    this.#window = new ReceiveWindow(init.host.pool, init.host, early);
    this.#sending = new SendingHalf(init.id, this.#credit);
    this.#receiving = new ReceivingHalf(this.#window, this);
    this.#slot = new FlowSlot(this, 0);
    this.#control = new ChannelControl(init.id, this.#window, () => this.#said());
  }

  // -- The owner's side --

  get priority(): Priority {
    return PRIORITIES[this.#slot.classIndex] ?? 'bulk';
  }

  get isOpen(): boolean {
    return this.#state !== 'ending' && this.#state !== 'closed';
  }

  get isAccepted(): boolean {
    return this.#state === 'open';
  }

  get isIncoming(): boolean {
    return this.#state === 'incoming';
  }

  get bufferedBytes(): number {
    return this.#sending.bufferedBytes;
  }

  get windowBytes(): number {
    return this.#window.windowBytes;
  }

  get droppedDatagramCount(): number {
    return this.#droppedDatagrams;
  }

  setPriority(priority: Priority): void {
    this.#scheduler.removeFlow(this.#slot);
    this.#slot.classIndex = classOf(priority);
    this.#requeue();
  }

  write(bytes: Uint8Array): boolean {
    if (!this.isOpen) return false;
    const hasRoom = this.#sending.write(bytes);
    this.#requeue();
    return hasRoom;
  }

  end(): void {
    if (!this.isOpen) return;
    this.#sending.end();
    this.#requeue();
  }

  note(body: JsonObject): boolean {
    if (!this.isOpen) return false;
    this.#sending.note(body);
    this.#requeue();
    return true;
  }

  reset(code: number = REASON.none, text = ''): void {
    if (!this.isOpen) return;
    this.#sendReset(code, text);
    this.#events.onClose?.();
  }

  consumed(bytes: number): void {
    if (this.#state === 'open') this.#consume(bytes);
  }

  sendDatagram(bytes: Uint8Array): boolean {
    return this.isAccepted && this.#host.sendDatagram(this.id, bytes, this.#isAcceptDue);
  }

  // -- The mux's side: beginning and ending --

  /** Asks the peer. Throws ET_ERR_CHANNEL_METADATA, and has then left nothing behind. */
  open(metadata: JsonObject, events: ChannelEvents, options: ChannelOptions): void {
    this.#start(events, options);
    try {
      this.#control.set(encodeOpen(this.id, this.kind, this.#window.grant(), metadata));
    } catch (error) {
      this.#window.release();
      throw error;
    }
    this.#scheduler.addOpen(this.#control.node);
    this.#host.changed(this.stream);
  }

  /** The peer asks, and grants us `credit`. Throws ET_ERR_CREDIT_SUM. */
  admit(credit: number): void {
    this.#receiving.hold();
    this.#ticket = this.#openLimit.enter();
    this.#credit.grantTo(credit);
  }

  /** Throws ET_ERR_CHANNEL_METADATA, and is then still to be answered. */
  accept(metadata: JsonObject, events: ChannelEvents, options: ChannelOptions): void {
    if (this.#state !== 'incoming') {
      this.#host.clock.defer(() => events.onClose?.());
      return;
    }
    // Seen to be sound before anything is reserved.
    encodeAccept(this.id, 0, metadata);
    this.#start(events, options);
    this.#state = 'open';
    this.#isAcceptDue = true;
    this.#sending.liftEarlyBounds();
    this.#say(encodeAccept(this.id, this.#window.grant(), metadata));
    if (!this.#receiving.release()) return;
    this.#host.clock.defer(() => {
      this.#receiving.flush();
      this.#closeIfOver();
    });
  }

  refuse(code: number, text: string): void {
    if (this.#state === 'incoming') this.#endWith(encodeRefuse(this.id, code, text));
  }

  /** The peer broke the channel's rules. */
  violate(fault: Fault): void {
    if (!this.isOpen) return;
    this.#sendReset(fault.code, fault.text);
    const code = fault.code === REASON.credit ? 'ET_ERR_CHANNEL_CREDIT' : 'ET_ERR_CHANNEL_RESET';
    const error = this.#error(code, `broken by the peer: ${fault.text}`);
    this.#events.onReset?.(error, fault);
    this.#events.onClose?.();
  }

  /** The session is over. */
  abandon(error: EtError): void {
    const wasOpen = this.isOpen;
    this.#leave();
    if (!wasOpen) return;
    this.#events.onReset?.(error, { code: REASON.none, text: error.message });
    this.#events.onClose?.();
  }

  /** What `emit` has brought about, told when no `take` is running. */
  settle(): void {
    this.#closeIfOver();
    if (this.isOpen && this.#sending.takeDrain()) this.#events.onDrain?.();
  }

  // -- The peer's side --

  receiveAccept(credit: number, metadata: JsonObject): void {
    if (!this.#isExpected('opening', 'ACCEPT')) return;
    this.#state = 'open';
    this.#ticket?.leave();
    this.#credit.grantTo(credit);
    this.#sending.liftEarlyBounds();
    this.#requeue();
    this.#events.onAccept?.(metadata);
  }

  receiveRefuse(reason: ChannelReason): void {
    if (!this.#isExpected('opening', 'REFUSE')) return;
    this.#leave();
    const error = this.#error('ET_ERR_CHANNEL_REFUSED', `refused (${reason.code}) ${reason.text}`);
    this.#events.onRefuse?.(error, reason);
    this.#events.onClose?.();
  }

  receiveReset(reason: ChannelReason): void {
    const wasOpen = this.isOpen;
    this.#leave();
    if (!wasOpen) return;
    const error = this.#error('ET_ERR_CHANNEL_RESET', `reset (${reason.code}) ${reason.text}`);
    this.#events.onReset?.(error, reason);
    this.#events.onClose?.();
  }

  receiveData(bytes: Uint8Array): void {
    if (this.#mayReceive('DATA')) this.#judge(this.#receiving.data(bytes));
  }

  receiveNote(body: JsonObject, bodyBytes: number): void {
    if (this.#mayReceive('NOTE')) this.#judge(this.#receiving.note(body, bodyBytes));
  }

  receiveEof(): void {
    if (this.#mayReceive('EOF')) this.#judge(this.#receiving.eof());
  }

  receiveCredit(limit: number): void {
    if (!this.#mayReceive('CREDIT')) return;
    this.#credit.grantTo(limit);
    this.#requeue();
  }

  receiveDatagram(bytes: Uint8Array): void {
    if (this.isAccepted) this.#events.onDatagram?.(bytes);
  }

  countDropped(): void {
    this.#droppedDatagrams += 1;
  }

  deliverData(bytes: Uint8Array): void {
    this.#events.onData(bytes);
  }

  deliverNote(body: JsonObject, bodyBytes: number): void {
    this.#consume(bodyBytes);
    this.#events.onNote?.(body);
  }

  deliverEof(): void {
    this.#events.onEof?.();
    this.#closeIfOver();
  }

  // -- The scheduler's side --

  get canSend(): boolean {
    return (this.#state === 'open' || this.#state === 'opening') && this.#sending.canSend;
  }

  emit(target: Uint8Array, at: number, maxBodyBytes: number): number {
    const end = this.#sending.emit(target, at, maxBodyBytes);
    if (this.#sending.isDrainDue || this.#isOver) this.#host.later(this);
    return end;
  }

  // -- Inside --

  get #isOver(): boolean {
    return this.#state === 'open' && this.#sending.isEofSent && this.#receiving.isEnded;
  }

  #closeIfOver(): void {
    if (!this.#isOver) return;
    this.#leave();
    this.#events.onClose?.();
  }

  #start(events: ChannelEvents, options: ChannelOptions): void {
    this.#events = events;
    this.#slot.classIndex = classOf(options.priority);
    if (options.highWaterBytes !== undefined) this.#sending.highWaterBytes = options.highWaterBytes;
    this.#window.start({ initialBytes: options.credit, maxBytes: options.maxCredit });
  }

  #consume(bytes: number): void {
    if (!this.#window.consume(bytes) || !this.#control.setCreditDue()) return;
    this.#scheduler.addControl(this.#control.node);
    this.#host.changed(this.stream);
  }

  /** Our OPEN, ACCEPT, REFUSE or RESET has been taken. */
  #said(): void {
    if (this.#state === 'ending') {
      this.#leave();
    } else if (this.#state === 'open') {
      this.#ticket?.leave();
      this.#isAcceptDue = false;
      this.#host.releaseDatagrams(this.id);
    } else {
      this.#state = 'opening';
      this.#ticket = this.#openLimit.enter();
      this.#requeue();
    }
  }

  #requeue(): void {
    if (!this.canSend) return;
    this.#scheduler.addFlow(this.#slot);
    this.#host.changed(this.stream);
  }

  #say(message: Uint8Array): void {
    this.#control.set(message);
    this.#scheduler.addControl(this.#control.node);
    this.#host.changed(this.stream);
  }

  #sendReset(code: number, text: string): void {
    // An OPEN that was not sent needs no RESET.
    if (this.#state === 'waiting') this.#leave();
    else this.#endWith(encodeReset(this.id, code, text));
  }

  #endWith(message: Uint8Array): void {
    this.#state = 'ending';
    this.#dropAll();
    this.#say(message);
  }

  #leave(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#dropAll();
    this.#scheduler.removeControl(this.#control.node);
    this.#window.release();
    this.#credit.leaveSum();
    this.#ticket?.leave();
    this.#host.left(this.id);
  }

  #dropAll(): void {
    this.#control.clear();
    this.#scheduler.removeFlow(this.#slot);
    this.#sending.drop();
    this.#receiving.drop();
  }

  #judge(fault: Fault | undefined): void {
    if (fault !== undefined) this.violate(fault);
  }

  #mayReceive(message: string): boolean {
    if (this.#state === 'incoming') return true;
    return this.#isExpected('open', message);
  }

  /** Whether the channel is in the one state in which `message` may come; breaks it where it is in another. */
  #isExpected(state: 'opening' | 'open', message: string): boolean {
    if (this.#state === state) return true;
    if (this.isOpen)
      this.violate({ code: REASON.protocol, text: `${message} while ${this.#state}` });
    else this.#host.countLate();
    return false;
  }

  #error(code: ErrorCode, problem: string): EtError {
    return new EtError(code, `channel ${this.id} (${this.kind}): ${problem}`);
  }
}

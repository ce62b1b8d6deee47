import type { Clock } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import { invariant } from '../base/invariant.ts';
import type { DatagramPiece } from '../wire/frames.ts';
import { MAX_CHANNELS, MAX_STREAMS, MAX_UNANSWERED_OPENS } from '../wire/limits.ts';
import type { JsonObject } from '../wire/messages.ts';
import type { Channel, ChannelEvents, IncomingOpen, OpenRequest } from './channel.ts';
import type { ChannelHost } from './channel-host.ts';
import { ChannelTable, type Role } from './channel-table.ts';
import { CreditPool } from './credit-pool.ts';
import { Datagrams } from './datagrams.ts';
import { IncomingChannel } from './incoming-channel.ts';
import { MuxChannel } from './mux-channel.ts';
import { MuxStream } from './mux-stream.ts';
import { OpenLimit } from './open-limit.ts';
import type { StreamSource, StreamTransport } from './stream-transport.ts';

/** Taken for the round trip while the transport knows none, in milliseconds. */
const UNKNOWN_RTT_MS = 100;

export interface MuxEvents {
  /** The peer asks for a channel. Answer now or later; a kind that is not known is refused with `REASON.unknownKind`. */
  onOpen(incoming: IncomingOpen): void;
}

export interface MuxOptions {
  readonly role: Role;
  readonly transport: StreamTransport;
  readonly clock: Clock;
  readonly events: MuxEvents;
  /** False where nothing carries DATAGRAM frames: datagrams are then refused. Default true. */
  readonly hasDatagrams?: boolean | undefined;
}

/**
 * Channels over the streams of a session (PROTOCOL.md section 7).
 *
 * Between any two calls:
 * 1. Bit n of `ready` is set if and only if `take(n, ...)` has something to give; each time a bit comes to be set outside
 *    of `take`, the transport has been woken.
 * 2. Nothing has become a message that `take` has not given out.
 * 3. Every channel in the table has an owner, or an open question to `events.onOpen`, or a last message to send.
 *
 * Owners' callbacks run inside `receive`, `close`, the channel's own methods, or at the end of `take`, and may call anything.
 */
export class Mux implements StreamSource {
  readonly #transport: StreamTransport;
  readonly #clock: Clock;
  readonly #events: MuxEvents;
  readonly #table: ChannelTable;
  readonly #pool = new CreditPool();
  readonly #ourOpens = new OpenLimit(MAX_UNANSWERED_OPENS);
  readonly #peerOpens = new OpenLimit(MAX_UNANSWERED_OPENS);
  readonly #streams: (MuxStream | undefined)[] = [];
  readonly #datagrams: Datagrams;
  readonly #hasDatagrams: boolean;
  readonly #host: ChannelHost;
  #settling: { settle(): void }[] = [];
  #ready = 0;
  #isTaking = false;
  #late = 0;
  #closedBy: EtError | undefined;

  constructor(options: MuxOptions) {
    this.#transport = options.transport;
    this.#clock = options.clock;
    this.#events = options.events;
    this.#table = new ChannelTable(options.role);
    this.#datagrams = new Datagrams(options.clock, (id) => this.#table.get(id)?.countDropped());
    this.#hasDatagrams = options.hasDatagrams ?? true;
    this.#host = this.#makeHost();
  }

  get ready(): number {
    return this.#ready;
  }

  get overdue(): number {
    let overdue = 0;
    for (let i = 0; i < this.#streams.length; i += 1) {
      if (this.#streams[i]?.scheduler.isBulkOverdue === true) overdue |= 1 << i;
    }
    return overdue;
  }

  /** Channels that are not closed, those included that wait for their answer or their RESET to be sent. */
  get channelCount(): number {
    return this.#table.size;
  }

  /** Messages that came for channels that were over. */
  get lateCount(): number {
    return this.#late;
  }

  /** Memory that our grants reserve beyond each channel's minimum. */
  get reservedBytes(): number {
    return this.#pool.usedBytes;
  }

  /** Datagrams that were dropped here, in either direction. */
  get droppedDatagramCount(): number {
    return this.#datagrams.droppedCount;
  }

  get isDatagramReady(): boolean {
    return this.#datagrams.isReady;
  }

  /** What all channels together have written and not sent. */
  get bufferedBytes(): number {
    let bytes = 0;
    for (const channel of this.#table.values()) bytes += channel.bufferedBytes;
    return bytes;
  }

  /**
   * Asks the peer for a channel. What is written before the answer is sent up to 8 KiB.
   * Throws ET_ERR_SESSION_CLOSED, ET_ERR_CHANNEL_LIMIT, or ET_ERR_CHANNEL_METADATA.
   */
  open(request: OpenRequest, events: ChannelEvents): Channel {
    if (this.#closedBy !== undefined) throw this.#closedBy;
    if (this.#table.size >= MAX_CHANNELS) {
      throw new EtError('ET_ERR_CHANNEL_LIMIT', `${MAX_CHANNELS} channels are open`);
    }
    const channel = this.#make(request.stream ?? 0, this.#table.takeId(), request.kind, true);
    channel.open(request.metadata, events, request);
    this.#table.add(channel);
    return channel;
  }

  take(stream: number, target: Uint8Array): number {
    const state = this.#streams[stream];
    if (state === undefined || this.#closedBy !== undefined) return 0;
    this.#isTaking = true;
    try {
      const bytes = state.scheduler.take(target);
      for (const other of this.#streams) if (other !== state) other?.scheduler.owe(bytes);
      this.#settle();
      return bytes;
    } finally {
      this.#isTaking = false;
      this.#refresh();
    }
  }

  /** Throws an EtError of scope session: whoever carries the streams then ends the session, and calls `close`. */
  receive(stream: number, bytes: Uint8Array): void {
    if (this.#closedBy !== undefined) return;
    this.#streamOf(stream).decoder.push(bytes);
    this.#refresh();
  }

  /** The next piece for a DATAGRAM frame that fits into `roomBytes` of a record, of `recordBytes` in all. */
  takeDatagram(roomBytes: number, recordBytes: number = roomBytes): DatagramPiece | undefined {
    return this.#datagrams.take(roomBytes, recordBytes);
  }

  receiveDatagram(
    channel: number,
    id: number,
    index: number,
    count: number,
    bytes: Uint8Array,
  ): void {
    const target = this.#table.get(channel);
    if (target?.isAccepted !== true) {
      this.#datagrams.countUnplaced();
      return;
    }
    const datagram = this.#datagrams.receive(channel, id, index, count, bytes);
    if (datagram !== undefined) target.receiveDatagram(datagram);
  }

  /** Ends every channel, with `error` as the reason. */
  close(error: EtError = new EtError('ET_ERR_SESSION_CLOSED', 'the session is closed')): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = error;
    this.#ready = 0;
    this.#datagrams.clear();
    for (const channel of this.#table.values()) channel.abandon(error);
  }

  #makeHost(): ChannelHost {
    const transport = this.#transport;
    return {
      clock: this.#clock,
      pool: this.#pool,
      nowMs: () => this.#clock.now(),
      get rttMs() {
        return transport.rate?.rttMs ?? UNKNOWN_RTT_MS;
      },
      changed: () => this.#refresh(),
      later: (channel) => this.#settling.push(channel),
      left: (id) => {
        this.#table.delete(id);
        this.#datagrams.forget(id);
        this.#refresh();
      },
      countLate: () => {
        this.#late += 1;
      },
      sendDatagram: (id, bytes, isHeld) => this.#sendDatagram(id, bytes, isHeld),
      releaseDatagrams: (id) => this.#datagrams.release(id),
    };
  }

  #streamOf(stream: number): MuxStream {
    const known = this.#streams[stream];
    if (known !== undefined) return known;
    invariant(
      stream >= 0 && stream < MAX_STREAMS,
      `stream ${stream} outside 0..${MAX_STREAMS - 1}`,
    );
    const made = new MuxStream(stream, this.#ourOpens, {
      table: this.#table,
      peerOpens: this.#peerOpens,
      countLate: () => this.#host.countLate(),
      reply: (message) => this.#reply(made, message),
      admit: (...open) => this.#admit(stream, ...open),
    });
    this.#streams[stream] = made;
    return made;
  }

  #make(stream: number, id: number, kind: string, isOurs: boolean): MuxChannel {
    const { scheduler, creditSum } = this.#streamOf(stream);
    const openLimit = isOurs ? this.#ourOpens : this.#peerOpens;
    const host = this.#host;
    return new MuxChannel({ id, kind, stream, isOurs, host, scheduler, openLimit, creditSum });
  }

  #admit(stream: number, id: number, kind: string, credit: number, metadata: JsonObject): void {
    if (this.#closedBy !== undefined) return;
    const channel = this.#make(stream, id, kind, false);
    this.#table.add(channel);
    channel.admit(credit);
    this.#events.onOpen(new IncomingChannel(channel, metadata));
  }

  #reply(stream: MuxStream, message: Uint8Array): void {
    if (this.#closedBy !== undefined) return;
    stream.reply(message);
    this.#refresh();
  }

  #sendDatagram(id: number, bytes: Uint8Array, isHeld: boolean): boolean {
    const isQueued = this.#hasDatagrams && this.#datagrams.send(id, bytes, isHeld);
    if (isQueued && !isHeld && !this.#isTaking) this.#transport.wake();
    return isQueued;
  }

  /** Tells channels what `take` brought about; what they do may bring about more, but only through another `take`. */
  #settle(): void {
    if (this.#settling.length === 0) return;
    const settling = this.#settling;
    this.#settling = [];
    for (const channel of settling) channel.settle();
  }

  /** Recomputes `ready`, and wakes the transport when it has gained a stream: in `take` it looks by itself afterwards. */
  #refresh(): void {
    if (this.#isTaking || this.#closedBy !== undefined) return;
    const before = this.#ready;
    let ready = 0;
    for (let i = 0; i < this.#streams.length; i += 1) {
      if (this.#streams[i]?.scheduler.isReady === true) ready |= 1 << i;
    }
    this.#ready = ready;
    if ((ready & ~before) !== 0) this.#transport.wake();
  }
}

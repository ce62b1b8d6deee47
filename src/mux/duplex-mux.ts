import { type Clock, SystemClock } from '../base/clock.ts';
import { EtError, messageOf } from '../base/errors.ts';
import type { Channel, ChannelEvents, IncomingOpen, OpenRequest } from './channel.ts';
import type { Role } from './channel-table.ts';
import { Mux } from './mux.ts';

export type {
  Channel,
  ChannelEvents,
  ChannelOptions,
  ChannelReason,
  IncomingOpen,
  OpenRequest,
} from './channel.ts';
export type { Role } from './channel-table.ts';
export type { Priority } from './priority.ts';

/** Bytes asked of the mux at a time: one full DATA message and what goes with it. */
const CHUNK_BYTES = 65_536;

/** What is used of a Node `Duplex` (a socket, a pipe, a child's standard input and output joined). */
export interface DuplexLike {
  write(bytes: Uint8Array): boolean;
  end(): unknown;
  destroy(): unknown;
  on(event: 'data', listener: (bytes: Uint8Array) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'drain' | 'end' | 'close', listener: () => void): unknown;
}

export interface DuplexMuxOptions {
  /** The two ends take one each; it decides who has the even channel ids. */
  readonly role: Role;
  /** The other end asks for a channel: accept or refuse it, now or later. */
  onOpen(incoming: IncomingOpen): void;
  /** Once: the duplex has ended or broken, or `close` was called. Every channel has had its `onClose` before. */
  onClose?(error: EtError): void;
  readonly clock?: Clock | undefined;
}

/**
 * Many channels over one ordered, reliable duplex stream of bytes: each with its own flow control, priority, half-close and
 * reason of ending. Both ends run one, in the two roles.
 *
 * ```ts
 * const mux = new DuplexMux(socket, { role: 'client', onOpen: (incoming) => incoming.refuse(1, 'no such kind') });
 * const channel = mux.open({ kind: 'echo', metadata: {}, priority: 'forward' }, {
 *   onData(bytes) {
 *     process.stdout.write(bytes.slice()); // valid until the call returns
 *     channel.consumed(bytes.length); // only this lets the other end send more
 *   },
 * });
 * channel.write(new TextEncoder().encode('hello'));
 * channel.end();
 * ```
 *
 * The bytes are those of one stream of PROTOCOL.md section 7. Datagrams are not carried: `sendDatagram` returns false.
 */
export class DuplexMux {
  readonly #duplex: DuplexLike;
  readonly #mux: Mux;
  readonly #clock: Clock;
  readonly #onClose: ((error: EtError) => void) | undefined;
  #chunk = new Uint8Array(CHUNK_BYTES);
  #isPumpDue = false;
  #isPumping = false;
  #isBlocked = false;
  #isClosed = false;

  constructor(duplex: DuplexLike, options: DuplexMuxOptions) {
    this.#duplex = duplex;
    this.#clock = options.clock ?? new SystemClock();
    this.#onClose = options.onClose?.bind(options);
    this.#mux = new Mux({
      role: options.role,
      clock: this.#clock,
      transport: { wake: () => this.#wake(), rate: undefined },
      events: { onOpen: (incoming) => options.onOpen(incoming) },
      hasDatagrams: false,
    });
    this.#listen();
  }

  /** Channels that are not closed. */
  get channelCount(): number {
    return this.#mux.channelCount;
  }

  /**
   * Asks the other end for a channel. Up to 8 KiB of what is written before the answer travel with the question.
   * Throws an `EtError`: ET_ERR_SESSION_CLOSED, ET_ERR_CHANNEL_LIMIT above 16,384 channels, ET_ERR_CHANNEL_METADATA above
   * 4,096 bytes of JSON.
   */
  open(request: Omit<OpenRequest, 'stream'>, events: ChannelEvents): Channel {
    return this.#mux.open({ ...request, stream: 0 }, events);
  }

  /** Ends every channel, and the duplex after what has been handed to it. Let channels close first to lose nothing. */
  close(): void {
    this.#close(new EtError('ET_ERR_SESSION_CLOSED', 'the mux was closed'));
  }

  #listen(): void {
    const duplex = this.#duplex;
    duplex.on('data', (bytes) => this.#receive(bytes));
    duplex.on('drain', () => {
      this.#isBlocked = false;
      this.#wake();
    });
    duplex.on('end', () => this.#close(ended('the other end has ended the connection')));
    duplex.on('close', () => this.#close(ended('the connection is closed')));
    duplex.on('error', (cause) => this.#close(ended(messageOf(cause), cause)));
  }

  #receive(bytes: Uint8Array): void {
    try {
      this.#mux.receive(0, bytes);
    } catch (error) {
      if (!(error instanceof EtError)) throw error;
      this.#close(error);
      this.#duplex.destroy();
    }
  }

  /** Deferred, so that a duplex which delivers within `write` never makes the two ends call each other in circles. */
  #wake(): void {
    if (this.#isPumpDue || this.#isBlocked || this.#isClosed) return;
    this.#isPumpDue = true;
    this.#clock.defer(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  #pump(): void {
    this.#isPumping = true;
    while (!this.#isBlocked && !this.#isClosed) {
      const bytes = this.#mux.take(0, this.#chunk);
      if (bytes === 0) break;
      this.#isBlocked = !this.#duplex.write(this.#filled(bytes));
    }
    this.#isPumping = false;
    if (this.#isClosed) this.#duplex.end();
  }

  /** What was taken; the duplex keeps it, so a chunk that is nearly full is given away, and another one copied. */
  #filled(bytes: number): Uint8Array {
    if (bytes < CHUNK_BYTES / 2) return this.#chunk.slice(0, bytes);
    const filled = this.#chunk.subarray(0, bytes);
    this.#chunk = new Uint8Array(CHUNK_BYTES);
    return filled;
  }

  #close(error: EtError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#mux.close(error);
    // From within a `take` the end must wait for what that take gives.
    if (!this.#isPumping) this.#duplex.end();
    this.#onClose?.(error);
  }
}

function ended(problem: string, cause?: unknown): EtError {
  return new EtError('ET_ERR_SESSION_CLOSED', problem, { cause });
}

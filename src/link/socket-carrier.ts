import type { Socket } from 'node:net';
import type { Clock, Timer } from '../base/clock.ts';
import { EtError, messageOf, systemCodeOf } from '../base/errors.ts';
import { freeBytes } from '../base/free-bytes.ts';
import type { Carrier, CarrierEvents } from './carrier.ts';
import { isPeerGone, writeNow } from './kernel-write.ts';
import { behind, writePieces } from './write-pieces.ts';

/** How long a closed carrier may go without any progress before it is cut, in milliseconds. */
export const CLOSE_GRACE_MS = 5000;

export interface SocketCarrierOptions {
  readonly label: string;
  readonly localAddress: string | undefined;
  /** Whether the system can drop what its buffers hold (TCP can, a unix socket cannot). */
  readonly isResettable: boolean;
}

/**
 * A carrier over a connected socket. The socket arrives paused and half-open (`allowHalfOpen`);
 * whoever made it passes what it reads to `receive`.
 *
 *             error, or end of the peer
 *   open ----------------------------------> over (final)
 *     |                                        ^
 *     | close    both ends through, or stalled |
 *     +--> closing ----------------------------+     reset: any state --> over
 *
 * A peer that takes nothing more may have said something before it went, as BYE: that is read before the carrier is over.
 *
 * While closing it goes on reading and throws the bytes away: a socket that is closed with
 * unread bytes sends a reset, and the peer would lose what is still on its way to it.
 */
export class SocketCarrier implements Carrier {
  readonly kind = 'bytes';
  readonly label: string;
  readonly localAddress: string | undefined;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #isResettable: boolean;
  #state: 'open' | 'closing' | 'over' = 'open';
  #events: CarrierEvents | undefined;
  /** How it ended, while nobody has been told. */
  #untold: { readonly error: EtError | undefined } | undefined;
  #grace: Timer | undefined;
  /** The peer is gone, or takes nothing: what is written is thrown away, until all that it said has been read. */
  #deafness: EtError | undefined;

  constructor(socket: Socket, clock: Clock, options: SocketCarrierOptions) {
    this.#socket = socket;
    this.#clock = clock;
    this.label = options.label;
    this.localAddress = options.localAddress;
    this.#isResettable = options.isResettable;
    socket.on('error', (error) => this.#end(this.#failure(messageOf(error), error)));
    // While closing, the socket destroys itself once both directions are through.
    socket.on('end', () => {
      if (this.#state === 'open') this.#end(this.#deafness);
    });
    socket.on('close', () => this.#end(this.#failure('closed from this side')));
  }

  get queuedBytes(): number {
    return this.#state === 'over' ? 0 : this.#socket.writableLength;
  }

  /** Takes what the socket has read; the bytes are passed up at once and not kept. */
  receive(bytes: Uint8Array): void {
    if (this.#state === 'open') this.#events?.onBytes(bytes);
  }

  start(events: CarrierEvents): void {
    if (this.#untold !== undefined) {
      this.#clock.defer(() => this.#tell(events));
      return;
    }
    if (this.#state !== 'open') return;
    this.#events = events;
    this.#socket.resume();
  }

  write(pieces: readonly Uint8Array[]): void {
    if (this.#state !== 'open' || this.#deafness !== undefined) return;
    const taken = this.#writeNow(pieces);
    const rest = behind(pieces, taken);
    if (rest.length > 0) writePieces(this.#socket, rest, pieces);
    else pieces.forEach(freeBytes);
  }

  close(): void {
    this.#untold = undefined;
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#events = undefined;
    this.#grace?.cancel();
    this.#socket.end();
    this.#socket.resume();
    this.#allowGrace(this.#socket.writableLength);
  }

  reset(): void {
    this.#grace?.cancel();
    this.#untold = undefined;
    this.#events = undefined;
    this.#state = 'over';
    this.#drop();
  }

  /** All of it where the peer is gone: nobody will take it. */
  #writeNow(pieces: readonly Uint8Array[]): number {
    try {
      return writeNow(this.#socket, pieces);
    } catch (error) {
      const failure = this.#failure(`write ${systemCodeOf(error) ?? messageOf(error)}`, error);
      if (isPeerGone(error)) {
        this.#deafness = failure;
        this.#grace = this.#clock.schedule(CLOSE_GRACE_MS, () => this.#end(failure));
      } else this.#clock.defer(() => this.#end(failure));
      return Number.POSITIVE_INFINITY;
    }
  }

  /** Cuts a closing carrier that sent nothing for a while, and one whose peer does not end. */
  #allowGrace(queuedBytes: number): void {
    this.#grace = this.#clock.schedule(CLOSE_GRACE_MS, () => {
      const leftBytes = this.#socket.writableLength;
      if (leftBytes < queuedBytes) this.#allowGrace(leftBytes);
      else this.#drop();
    });
  }

  #end(error: EtError | undefined): void {
    const wasOpen = this.#state === 'open';
    this.#state = 'over';
    this.#grace?.cancel();
    this.#socket.destroy();
    if (!wasOpen) return;
    this.#untold = { error };
    if (this.#events !== undefined) this.#tell(this.#events);
  }

  #tell(events: CarrierEvents): void {
    const untold = this.#untold;
    this.#untold = undefined;
    this.#events = undefined;
    if (untold !== undefined) events.onClose(untold.error);
  }

  #drop(): void {
    this.#grace?.cancel();
    const socket = this.#socket;
    if (socket.destroyed) return;
    // libuv refuses to reset during shutdown(2), and Node would then leak the descriptor.
    const isShuttingDown =
      socket.writableEnded && socket.writableLength === 0 && !socket.writableFinished;
    if (this.#isResettable && !isShuttingDown) socket.resetAndDestroy();
    else socket.destroy();
  }

  #failure(what: string, cause?: unknown): EtError {
    return new EtError('ET_ERR_CARRIER', `${this.label}: ${what}`, { cause });
  }
}

import type { WebSocket } from 'ws';
import type { Clock, Timer } from '../base/clock.ts';
import { EtError, messageOf } from '../base/errors.ts';
import { freeBytes } from '../base/free-bytes.ts';
import { answerPings } from './answer-pings.ts';
import type { Carrier, CarrierEvents } from './carrier.ts';
import { CLOSE_GRACE_MS } from './socket-carrier.ts';
import { MAX_WEBSOCKET_MESSAGE_BYTES } from './websocket-limits.ts';

/** RFC 6455 section 7.4.1. */
const NORMAL_CLOSURE = 1000;
/** Codes with which a peer ends in an orderly way: 1000, and a closing frame without a code. */
const ORDERLY: ReadonlySet<number> = new Set([NORMAL_CLOSURE, 1005]);
/** The connection ended without a closing frame. */
const ABNORMAL_CLOSURE = 1006;

export interface WebSocketCarrierOptions {
  readonly label: string;
  readonly localAddress: string | undefined;
}

/**
 * A carrier over a WebSocket that is open and paused. Bytes go in binary messages, whose boundaries mean nothing.
 *
 *             error, closing handshake, or text
 *   open ----------------------------------> over (final)
 *     |                                        ^
 *     | close   handshake through, or stalled  |
 *     +--> closing ----------------------------+     reset: any state --> over
 *
 * Between any two calls: `#early` holds what came before `start`; the WebSocket reads on only after it.
 */
export class WebSocketCarrier implements Carrier {
  readonly kind = 'bytes';
  readonly label: string;
  readonly localAddress: string | undefined;
  readonly #webSocket: WebSocket;
  readonly #clock: Clock;
  #state: 'open' | 'closing' | 'over' = 'open';
  #events: CarrierEvents | undefined;
  /** A chunk that was read when the connection broke is handed on although nothing more is to be read. */
  #early: Uint8Array[] = [];
  /** How it ended, while nobody has been told. */
  #untold: { readonly error: EtError | undefined } | undefined;
  #grace: Timer | undefined;

  constructor(webSocket: WebSocket, clock: Clock, options: WebSocketCarrierOptions) {
    this.#webSocket = webSocket;
    this.#clock = clock;
    this.label = options.label;
    this.localAddress = options.localAddress;
    webSocket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    webSocket.on('error', (error) => this.#end(this.#failure(messageOf(error), error)));
    webSocket.on('close', (code) => this.#end(this.#failureOf(code)));
    answerPings(webSocket);
  }

  get queuedBytes(): number {
    return this.#state === 'over' ? 0 : this.#webSocket.bufferedAmount;
  }

  start(events: CarrierEvents): void {
    if (this.#state === 'closing' || (this.#state === 'over' && this.#untold === undefined)) return;
    this.#events = events;
    if (this.#untold === undefined && this.#early.length === 0) this.#webSocket.resume();
    else this.#clock.defer(() => this.#tellEarly());
  }

  write(pieces: readonly Uint8Array[]): void {
    if (this.#state !== 'open') return;
    const bytes = joined(pieces);
    const { length } = bytes;
    for (let at = 0; at < length; at += MAX_WEBSOCKET_MESSAGE_BYTES) {
      const message = bytes.subarray(at, at + MAX_WEBSOCKET_MESSAGE_BYTES);
      const isLast = at + message.length === length;
      this.#webSocket.send(message, (error) => {
        if (isLast && !error) freeBytes(bytes);
      });
    }
  }

  close(): void {
    this.#forget();
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#webSocket.close(NORMAL_CLOSURE);
    // What still comes in is read and thrown away, up to the closing frame of the peer.
    this.#webSocket.resume();
    this.#allowGrace(this.#webSocket.bufferedAmount);
  }

  reset(): void {
    this.#forget();
    this.#finish();
  }

  #receive(data: unknown, isBinary: boolean): void {
    if (this.#state !== 'open') return;
    if (!isBinary || !(data instanceof Uint8Array)) {
      this.#end(this.#failure('a text message came'));
    } else if (this.#events === undefined || this.#early.length > 0) this.#early.push(data);
    else this.#events.onBytes(data);
  }

  /** Hands on what came before `start`. The owner may end the carrier meanwhile. */
  #tellEarly(): void {
    for (const bytes of this.#early) this.#events?.onBytes(bytes);
    this.#early = [];
    if (this.#events === undefined) return;
    if (this.#untold === undefined) this.#webSocket.resume();
    else this.#tell(this.#events);
  }

  /** Cuts a closing carrier that sent nothing for a while, and one whose peer does not end. */
  #allowGrace(queuedBytes: number): void {
    this.#grace = this.#clock.schedule(CLOSE_GRACE_MS, () => {
      const leftBytes = this.#webSocket.bufferedAmount;
      if (leftBytes < queuedBytes) this.#allowGrace(leftBytes);
      else this.#finish();
    });
  }

  #end(error: EtError | undefined): void {
    const wasOpen = this.#state === 'open';
    this.#finish();
    if (!wasOpen) return;
    this.#untold = { error };
    if (this.#events !== undefined && this.#early.length === 0) this.#tell(this.#events);
  }

  #tell(events: CarrierEvents): void {
    const untold = this.#untold;
    this.#forget();
    if (untold !== undefined) events.onClose(untold.error);
  }

  #forget(): void {
    this.#untold = undefined;
    this.#events = undefined;
    this.#early = [];
  }

  #finish(): void {
    this.#state = 'over';
    this.#grace?.cancel();
    this.#webSocket.terminate();
  }

  #failureOf(code: number): EtError | undefined {
    if (ORDERLY.has(code)) return undefined;
    if (code === ABNORMAL_CLOSURE) return this.#failure('ended without a closing frame');
    return this.#failure(`closed by the other end with code ${code}`);
  }

  #failure(what: string, cause?: unknown): EtError {
    return new EtError('ET_ERR_CARRIER', `${this.label}: ${what}`, { cause });
  }
}

/** One buffer for one message; the pieces are given back. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first;
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
    freeBytes(piece);
  }
  return bytes;
}

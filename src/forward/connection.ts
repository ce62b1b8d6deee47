import type { Clock, Timer } from '../base/clock.ts';
import type { EtError } from '../base/errors.ts';
import type { StreamSocket } from '../link/stream-socket.ts';
import type { Channel, ChannelEvents, ChannelReason } from '../mux/channel.ts';
import { type JsonObject, REASON } from '../wire/messages.ts';

const RESET_TEXT = 'connection reset';
/** How often a channel is looked at whose last bytes have to leave before its RESET, in milliseconds: it does not say when. */
const LOOK_AGAIN_MS = 100;

/** What a connection tells its forward. */
export interface ConnectionEvents {
  /** Bytes from the socket, which go to the other end of the session. */
  onSent(bytes: number): void;
  /** Bytes from the other end, which go to the socket. */
  onReceived(bytes: number): void;
  /** The far side has reached the target. */
  onAccept?(metadata: JsonObject): void;
  /** The far side has not. True: the socket was told why, and is not the connection's any more; otherwise it is reset. */
  onRefuse?(reason: ChannelReason): boolean;
  /** Once, last: nothing of it is left. `error`: it did not end in order. */
  onOver(error: EtError | undefined): void;
}

/**
 * One TCP or unix connection through the session: a socket here, a channel to the other end.
 *
 *   end of the socket  -> EOF        EOF   -> end of our direction of the socket
 *   reset of the socket -> RESET     RESET -> reset of the socket
 *
 * A RESET does not overtake what was read of the socket before: a server may answer and reset. What the other end has not handed to
 * its kernel by then is lost there, as with any reset.
 *
 * Between any two calls: credit is returned only for bytes that the kernel has taken, so that a reader who stalls stalls the writer at
 * the other end, and nobody else; the socket is read only while the channel has room.
 */
export class Connection implements ChannelEvents {
  readonly #clock: Clock;
  readonly #socket: StreamSocket;
  readonly #events: ConnectionEvents;
  #channel: Channel | undefined;
  /** Given to the socket and not yet taken by the kernel: the other end gets no credit for it. */
  #owed = 0;
  #isAccepted = false;
  #timer: Timer | undefined;
  #isOver = false;

  constructor(clock: Clock, socket: StreamSocket, events: ConnectionEvents) {
    this.#clock = clock;
    this.#socket = socket;
    this.#events = events;
  }

  /** Begins to read the socket; `channel` was made with this connection as its events. `isAccepted`: there will be no answer. */
  start(channel: Channel, isAccepted: boolean): void {
    if (this.#isOver) return;
    this.#channel = channel;
    this.#isAccepted = isAccepted;
    this.#socket.start({
      onBytes: (bytes) => this.#send(bytes),
      onEnd: () => channel.end(),
      onDrain: () => this.#payCredit(),
      onClose: (error) => this.#socketClosed(error),
    });
  }

  /** Cuts it, with the reason for the other end. */
  cut(code: number, text: string): void {
    if (this.#isOver) return;
    this.#socket.reset();
    this.#channel?.reset(code, text);
    this.#finish(undefined);
  }

  onDrain(): void {
    this.#socket.resume();
  }

  onData(bytes: Uint8Array): void {
    this.#events.onReceived(bytes.length);
    this.#socket.write(bytes);
    this.#owed += bytes.length;
    if (this.#socket.queuedBytes === 0) this.#payCredit();
  }

  onEof(): void {
    this.#socket.end();
  }

  onAccept(metadata: JsonObject): void {
    this.#isAccepted = true;
    this.#events.onAccept?.(metadata);
  }

  onRefuse(error: EtError, reason: ChannelReason): void {
    if (this.#events.onRefuse?.(reason) !== true) this.#socket.reset();
    this.#finish(error);
  }

  onReset(error: EtError): void {
    this.#socket.reset();
    this.#finish(error);
  }

  #send(bytes: Uint8Array): void {
    this.#events.onSent(bytes.length);
    if (this.#channel?.write(bytes) === false) this.#socket.pause();
  }

  #payCredit(): void {
    const owed = this.#owed;
    this.#owed = 0;
    if (owed > 0) this.#channel?.consumed(owed);
  }

  /** In order, what the channel still has to send is sent; otherwise the other end sees a reset too. */
  #socketClosed(error: EtError | undefined): void {
    if (error === undefined) this.#finish(undefined);
    else this.#resetOnceSent(error);
  }

  /** What was taken back before its target was reached never reaches it. */
  #resetOnceSent(error: EtError): void {
    const channel = this.#channel;
    if (this.#isAccepted && channel?.isOpen === true && channel.bufferedBytes > 0) {
      this.#timer = this.#clock.schedule(LOOK_AGAIN_MS, () => this.#resetOnceSent(error));
      return;
    }
    channel?.reset(REASON.failed, RESET_TEXT);
    this.#finish(error);
  }

  #finish(error: EtError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#events.onOver(error);
  }
}

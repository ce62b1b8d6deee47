import type { EtError } from '../base/errors.ts';
import type { StreamSocket } from '../link/stream-socket.ts';
import type { Channel, ChannelEvents, ChannelReason } from '../mux/channel.ts';
import { type JsonObject, REASON } from '../wire/messages.ts';

const RESET_TEXT = 'connection reset';

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
 * Between any two calls: credit is returned only for bytes that the kernel has taken, so that a reader who stalls stalls the writer at
 * the other end, and nobody else; the socket is read only while the channel has room.
 */
export class Connection implements ChannelEvents {
  readonly #socket: StreamSocket;
  readonly #events: ConnectionEvents;
  #channel: Channel | undefined;
  /** Given to the socket and not yet taken by the kernel: the other end gets no credit for it. */
  #owed = 0;
  #isOver = false;

  constructor(socket: StreamSocket, events: ConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
  }

  /** Begins to read the socket; `channel` was made with this connection as its events. */
  start(channel: Channel): void {
    if (this.#isOver) return;
    this.#channel = channel;
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
    if (error !== undefined) this.#channel?.reset(REASON.failed, RESET_TEXT);
    this.#finish(error);
  }

  #finish(error: EtError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.onOver(error);
  }
}

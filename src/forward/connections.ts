import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { StreamSocket } from '../link/stream-socket.ts';
import type { Channel, ChannelOptions, ChannelReason, IncomingOpen } from '../mux/channel.ts';
import type { Mux } from '../mux/mux.ts';
import type { Priority } from '../mux/priority.ts';
import { type JsonObject, REASON } from '../wire/messages.ts';
import { ConnectFailure } from './connect-failure.ts';
import { Connection } from './connection.ts';
import { ConnectionChannels } from './connection-channels.ts';
import type { Connector } from './connector.ts';
import type { Endpoint } from './endpoint.ts';
import type { ForwardCounters } from './forward-counters.ts';

/** Sockets of forwards at one end of a session. A thousand are a busy browser; each may hold `SHARE` bytes and a read. */
export const MAX_CONNECTIONS = 4096;
/** What all connections together may have read and not sent, in bytes; a connection gets a part of it when it begins. */
const TOTAL_SHARE_BYTES: number = 16 * 1024 * 1024;
const SHARE_BYTES = { least: 16_384, most: 524_288 };

/** What is asked of the other end for a connection that was accepted here. */
export interface Question {
  readonly kind: string;
  readonly metadata: JsonObject;
  readonly stream: number;
  readonly priority: Priority;
  /** Default: as all that are asked here. */
  readonly isCompressed?: boolean | undefined;
  /** Sent at once, before what the socket has to say. */
  readonly first?: Uint8Array | undefined;
  /** The target was reached. */
  readonly onAccept?: (metadata: JsonObject) => void;
  /** It was not. True: the socket was told why, and is not the connection's any more; otherwise it is reset. */
  readonly onRefuse?: (reason: ChannelReason) => boolean;
}

/** The connections through a session at one of its ends. */
export class Connections {
  readonly channels: ConnectionChannels;
  readonly #live = new Set<Connection>();
  readonly #dialling = new Set<AbortController>();

  readonly #clock: Clock;

  /** `isCompressed`: what is asked here, unless a question says otherwise. */
  constructor(clock: Clock, mux: Mux, isCompressed = false) {
    this.#clock = clock;
    this.channels = new ConnectionChannels(mux, isCompressed);
  }

  get count(): number {
    return this.#live.size + this.#dialling.size;
  }

  /** A connection was accepted here: its target is the other end's to reach. */
  ask(socket: StreamSocket, question: Question, counters: ForwardCounters): void {
    if (this.count >= MAX_CONNECTIONS) {
      counters.refuse(`${MAX_CONNECTIONS} connections are open`);
      socket.reset();
      return;
    }
    let isAnswered = false;
    const answered = (): void => {
      if (isAnswered) return;
      isAnswered = true;
      counters.waiting -= 1;
    };
    const connection = new Connection(this.#clock, socket, {
      onSent: (bytes) => {
        counters.bytesOut += bytes;
      },
      onReceived: (bytes) => {
        counters.bytesIn += bytes;
      },
      onAccept: (metadata) => {
        answered();
        counters.open += 1;
        question.onAccept?.(metadata);
      },
      onRefuse: (reason) => {
        counters.refuse(reason.text);
        return question.onRefuse?.(reason) === true;
      },
      onOver: () => {
        if (isAnswered) counters.open -= 1;
        answered();
        this.#live.delete(connection);
      },
    });
    let channel: Channel;
    try {
      const request = { ...question, ...this.#options(question.priority) };
      channel = this.channels.open(request, connection, question.isCompressed);
    } catch (error) {
      counters.refuse(messageOf(error));
      socket.reset();
      return;
    }
    counters.waiting += 1;
    this.#live.add(connection);
    if (question.first !== undefined && question.first.length > 0) {
      counters.bytesOut += question.first.length;
      channel.write(question.first);
    }
    connection.start(channel, false);
  }

  /** The other end has accepted a connection: its target is ours to reach. */
  answer(
    incoming: IncomingOpen,
    connector: Connector,
    target: Endpoint,
    counters: ForwardCounters,
    priority: Priority = 'forward',
  ): void {
    if (this.channels.refuses(incoming)) return;
    this.reach(connector, target, counters).then(
      (socket) => this.#join(incoming, socket, counters, priority),
      (error: unknown) => {
        const reason = reasonOf(error);
        if (reason.code !== REASON.cancelled) counters.refuse(reason.text);
        if (!incoming.isCancelled) incoming.refuse(reason.code, reason.text);
      },
    );
  }

  /** Connects to a target of ours, until `given` says that nobody waits for it. Rejects with a ConnectFailure. */
  async reach(
    connector: Connector,
    target: Endpoint,
    counters: ForwardCounters,
    given: AbortController = new AbortController(),
  ): Promise<StreamSocket> {
    if (this.count >= MAX_CONNECTIONS) {
      throw new ConnectFailure(REASON.limit, `${MAX_CONNECTIONS} connections are open there`);
    }
    this.#dialling.add(given);
    counters.waiting += 1;
    try {
      const socket = await connector.connect(target, given.signal);
      if (!given.signal.aborted) return socket;
      socket.reset();
    } catch (error) {
      if (!given.signal.aborted) throw error;
    } finally {
      this.#dialling.delete(given);
      counters.waiting -= 1;
    }
    throw new ConnectFailure(REASON.cancelled, 'nobody waits for it any more');
  }

  /** Joins a channel that is accepted already to what was reached; the channel's owner hands its events on to what is returned. */
  adopt(channel: Channel, socket: StreamSocket, counters: ForwardCounters): Connection {
    const connection = this.#reached(socket, counters);
    connection.start(channel, true);
    return connection;
  }

  /** Cuts all of them, and gives up what is being reached. */
  close(text: string): void {
    for (const given of this.#dialling) given.abort();
    for (const connection of this.#live) connection.cut(REASON.cancelled, text);
  }

  #join(
    incoming: IncomingOpen,
    socket: StreamSocket,
    counters: ForwardCounters,
    priority: Priority,
  ): void {
    if (incoming.isCancelled) {
      socket.reset();
      return;
    }
    const connection = this.#reached(socket, counters);
    connection.start(this.channels.accept(incoming, connection, this.#options(priority)), true);
  }

  /** A connection to what the other end asked for. */
  #reached(socket: StreamSocket, counters: ForwardCounters): Connection {
    const connection = new Connection(this.#clock, socket, {
      onSent: (bytes) => {
        counters.bytesIn += bytes;
      },
      onReceived: (bytes) => {
        counters.bytesOut += bytes;
      },
      onOver: () => {
        counters.open -= 1;
        this.#live.delete(connection);
      },
    });
    counters.open += 1;
    this.#live.add(connection);
    return connection;
  }

  #options(priority: Priority): ChannelOptions {
    const share = Math.floor(TOTAL_SHARE_BYTES / (this.count + 1));
    const highWaterBytes = Math.min(Math.max(share, SHARE_BYTES.least), SHARE_BYTES.most);
    return { priority, highWaterBytes };
  }
}

/** What to tell the other end, and the user, of a target that was not reached. */
export function reasonOf(error: unknown): ChannelReason {
  return error instanceof ConnectFailure
    ? error.reason
    : { code: REASON.failed, text: messageOf(error) };
}

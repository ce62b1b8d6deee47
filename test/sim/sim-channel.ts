import type { Clock } from '../../src/base/clock.ts';
import type { Channel, ChannelEvents, IncomingOpen } from '../../src/mux/channel.ts';
import type { Mux } from '../../src/mux/mux.ts';
import type { Priority } from '../../src/mux/priority.ts';
import { FlowRecord } from './flow-record.ts';
import type { SimReport } from './sim-report.ts';

/** When `bytes` were written, and when the last of them was read. */
interface Crossing {
  readonly untilByte: number;
  readonly writtenMs: number;
}

/** One end of a channel that a scenario steers by hand: it reads at once, or not at all. */
export class SimChannelEnd implements ChannelEvents {
  readonly outgoing: FlowRecord;
  readonly incoming: FlowRecord;
  /** How long each write took to cross to this end, in milliseconds, in order. */
  readonly delaysMs: number[] = [];
  readsAtOnce = true;
  onArrival: () => void = () => undefined;
  isClosed = false;
  resetText: string | undefined;
  channel: Channel | undefined;
  readonly #clock: Clock;
  readonly #crossings: Crossing[] = [];
  #firstCrossing = 0;
  peer: SimChannelEnd | undefined;

  constructor(clock: Clock, outgoing: FlowRecord, incoming: FlowRecord) {
    this.#clock = clock;
    this.outgoing = outgoing;
    this.incoming = incoming;
  }

  write(bytes: number): void {
    if (this.channel === undefined) throw new Error('written before the channel was accepted');
    this.channel.write(this.outgoing.make(bytes));
    this.outgoing.written += bytes;
    this.peer?.expect(this.outgoing.written);
  }

  end(): void {
    this.outgoing.end();
    this.channel?.end();
  }

  /** The peer has written up to `untilByte` now. */
  expect(untilByte: number): void {
    this.#crossings.push({ untilByte, writtenMs: this.#clock.now() });
  }

  onData(bytes: Uint8Array): void {
    this.incoming.receive(bytes);
    for (;;) {
      const crossing = this.#crossings[this.#firstCrossing];
      if (crossing === undefined || crossing.untilByte > this.incoming.received) break;
      this.#firstCrossing += 1;
      this.delaysMs.push(this.#clock.now() - crossing.writtenMs);
    }
    if (this.readsAtOnce) this.channel?.consumed(bytes.length);
    this.onArrival();
  }

  onEof(): void {
    this.incoming.receiveEof();
  }

  onReset(_: unknown, reason: { readonly text: string }): void {
    this.resetText = reason.text;
  }

  onClose(): void {
    this.isClosed = true;
  }
}

export interface SimChannelOptions {
  readonly stream: number;
  readonly priority: Priority;
  readonly credit?: number;
  readonly maxCredit?: number;
}

/** A channel from a client to the server, both ends in one hand. */
export class SimChannel {
  readonly client: SimChannelEnd;
  readonly server: SimChannelEnd;
  readonly #options: SimChannelOptions;

  constructor(
    parts: { readonly clock: Clock; readonly report: SimReport },
    key: number,
    mux: Mux,
    options: SimChannelOptions,
  ) {
    this.#options = options;
    const toServer = new FlowRecord(`channel ${key} to the server`, 2 * key, parts.report);
    const toClient = new FlowRecord(`channel ${key} to the client`, 2 * key + 1, parts.report);
    this.client = new SimChannelEnd(parts.clock, toServer, toClient);
    this.server = new SimChannelEnd(parts.clock, toClient, toServer);
    this.client.peer = this.server;
    this.server.peer = this.client;
    this.client.channel = mux.open({ kind: 'sim', metadata: { of: key }, ...options }, this.client);
  }

  accept(incoming: IncomingOpen): void {
    this.server.channel = incoming.accept({}, this.server, this.#options);
  }

  /** Everything that was written has been read. */
  get isQuiet(): boolean {
    return this.client.outgoing.missing === undefined && this.server.outgoing.missing === undefined;
  }
}

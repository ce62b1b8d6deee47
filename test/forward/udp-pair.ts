import { copyOf } from '../../src/base/bytes.ts';
import { ForwardCounters } from '../../src/forward/forward-counters.ts';
import { type UdpBeginning, UdpFlows } from '../../src/forward/udp-flows.ts';
import type { Channel, ChannelEvents, IncomingOpen } from '../../src/mux/channel.ts';
import type { Mux } from '../../src/mux/mux.ts';
import { MuxPair } from '../mux/mux-pair.ts';

/** The far end of one flow: what has come, and what it sends. */
export class FarFlow implements ChannelEvents {
  readonly incoming: IncomingOpen;
  readonly early: Uint8Array[] = [];
  readonly datagrams: Uint8Array[] = [];
  readonly lines: string[] = [];
  channel: Channel | undefined;
  #isRefused = false;

  constructor(incoming: IncomingOpen) {
    this.incoming = incoming;
  }

  get isUnanswered(): boolean {
    return this.channel === undefined && !this.#isRefused && !this.incoming.isCancelled;
  }

  refuse(code = 8, text = 'no'): void {
    this.#isRefused = true;
    this.incoming.refuse(code, text);
  }

  accept(): this {
    this.channel = this.incoming.accept({}, this, { priority: 'forward' });
    return this;
  }

  onData(bytes: Uint8Array): void {
    this.early.push(copyOf(bytes));
    this.channel?.consumed(bytes.length);
  }

  onDatagram(bytes: Uint8Array): void {
    this.datagrams.push(copyOf(bytes));
  }

  onReset(_error: unknown, { code, text }: { code: number; text: string }): void {
    this.lines.push(`reset ${code} ${text}`);
  }

  onClose(): void {
    this.lines.push('close');
  }
}

/** The flows of a client's forward over a mux, in virtual time; the far end does what a test says. */
export class UdpPair {
  readonly pair: MuxPair = new MuxPair();
  readonly counters: ForwardCounters;
  readonly told: string[] = [];
  readonly flows: UdpFlows;
  readonly far: FarFlow[] = [];
  readonly replies: string[] = [];
  /** What happens to a flow that is asked for. */
  onAsked: (flow: FarFlow) => void = (flow) => void flow.accept();

  constructor(options: { readonly idleMs?: number; readonly maxFlows?: number } = {}) {
    const { clock } = this.pair;
    this.counters = new ForwardCounters((text) => this.told.push(text));
    this.flows = new UdpFlows({
      clock,
      idleMs: 60_000,
      maxFlows: 4,
      ...options,
      counters: this.counters,
    });
    this.pair.onServerOpen = (incoming) => {
      const flow = new FarFlow(incoming);
      this.far.push(flow);
      this.onAsked(flow);
    };
    this.flows.attach(this.pair.client);
  }

  /** A datagram of a source. */
  send(source: string, bytes: Uint8Array | number): void {
    const datagram = typeof bytes === 'number' ? new Uint8Array(bytes) : bytes;
    this.flows.send(source, datagram, () => this.#beginning(source));
  }

  /** Carries everything, both ways. */
  run(): void {
    const { pair } = this;
    for (;;) {
      const { up, down } = pair.run();
      const moved = carry(pair.client, pair.server) + carry(pair.server, pair.client);
      if (up + down + moved === 0) return;
    }
  }

  /** Sends, and lets it arrive. */
  pass(source: string, bytes: Uint8Array | number): void {
    this.send(source, bytes);
    this.run();
  }

  /** `open waiting refused dropped evicted` */
  get numbers(): readonly number[] {
    const { open, waiting, refused, dropped, evicted } = this.counters;
    return [open, waiting, refused, dropped, evicted];
  }

  #beginning(source: string): UdpBeginning {
    return {
      kind: 'udp',
      metadata: { host: 'db', port: 53, from: source },
      stream: 1,
      onReply: (bytes) => this.replies.push(`${source} ${bytes.length}`),
    };
  }
}

function carry(from: Mux, to: Mux): number {
  let moved = 0;
  for (let piece = from.takeDatagram(1200); piece; piece = from.takeDatagram(1200)) {
    to.receiveDatagram(piece.channel, piece.id, piece.index, piece.count, copyOf(piece.bytes));
    moved += 1;
  }
  return moved;
}

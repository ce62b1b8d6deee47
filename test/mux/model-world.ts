import { expect } from 'vitest';
import type { Channel, ChannelEvents, IncomingOpen } from '../../src/mux/channel.ts';
import { PRIORITIES, type Priority } from '../../src/mux/priority.ts';
import { MuxPair } from './mux-pair.ts';

export type Side = 'client' | 'server';

export function otherSide(side: Side): Side {
  return side === 'client' ? 'server' : 'client';
}

/** What was sent one way on a channel, in its order: a number of bytes, a note's serial, or the end of file. */
type Sent = { bytes: number } | { note: number } | 'eof';

/** One direction of a channel in the reference: what went in must come out, in order and once. */
class Direction {
  readonly sent: Sent[] = [];
  offset = 0;
  received = 0;
  unconsumed = 0;
  isEnded = false;

  byteAt(offset: number): number {
    return (offset * 31 + (offset >> 8)) & 0xff;
  }

  write(count: number): Uint8Array {
    const bytes = Uint8Array.from({ length: count }, (_, i) => this.byteAt(this.offset + i));
    this.offset += count;
    if (count > 0) this.sent.push({ bytes: count });
    return bytes;
  }

  /** Takes `bytes` off the front of what was sent. */
  arrive(bytes: Uint8Array): void {
    for (const [i, byte] of bytes.entries()) {
      if (byte !== this.byteAt(this.received + i))
        expect.fail(`byte ${this.received + i} is wrong`);
    }
    this.received += bytes.length;
    this.unconsumed += bytes.length;
    for (let left = bytes.length; left > 0; ) {
      const first = this.sent[0];
      if (first === undefined || first === 'eof' || !('bytes' in first)) {
        expect.fail('bytes that were not sent, or too early');
      }
      const part = Math.min(left, first.bytes);
      first.bytes -= part;
      left -= part;
      if (first.bytes === 0) this.sent.shift();
    }
  }
}

/** A channel in the reference, and the two ends that it is compared with. */
class ModelChannel {
  readonly opener: Side;
  readonly ends: Partial<Record<Side, Channel>> = {};
  question: IncomingOpen | undefined;
  /** Keyed by the sending side. */
  readonly flows: Record<Side, Direction> = { client: new Direction(), server: new Direction() };
  readonly closes: Record<Side, number> = { client: 0, server: 0 };
  isBroken = false;
  notes = 0;

  constructor(opener: Side) {
    this.opener = opener;
  }

  events(side: Side): ChannelEvents {
    const flow = this.flows[otherSide(side)];
    return {
      onData: (bytes) => {
        expect(this.closes[side]).toBe(0);
        flow.arrive(bytes);
      },
      onNote: (body) => {
        expect(flow.sent.shift()).toEqual({ note: body['serial'] });
      },
      onEof: () => {
        expect(flow.sent.shift()).toBe('eof');
      },
      onRefuse: () => {
        expect(side).toBe(this.opener);
        this.isBroken = true;
      },
      onReset: () => {
        expect(this.isBroken).toBe(true);
      },
      onClose: () => {
        this.closes[side] += 1;
        expect(this.closes[side]).toBe(1);
      },
    };
  }
}

/** Two muxes, the bytes on their way between them, and the reference. */
export class ModelWorld {
  readonly pair: MuxPair = new MuxPair();
  readonly channels: ModelChannel[] = [];
  readonly #wire: Record<Side, Uint8Array[][]> = { client: [[], []], server: [[], []] };

  constructor() {
    const ask = (side: Side) => (incoming: IncomingOpen) => {
      const channel = this.channels[incoming.metadata['index'] as number] as ModelChannel;
      expect(channel.question).toBeUndefined();
      expect(channel.opener).toBe(otherSide(side));
      channel.question = incoming;
    };
    this.pair.onServerOpen = ask('server');
    this.pair.onClientOpen = ask('client');
  }

  open(side: Side, stream: number, priority: Priority, credit: number): void {
    const channel = new ModelChannel(side);
    const metadata = { index: this.channels.length };
    this.channels.push(channel);
    const request = { kind: 'model', metadata, stream, priority, credit };
    channel.ends[side] = this.pair[side].open(request, channel.events(side));
  }

  answer(index: number, accepts: boolean, credit: number): void {
    const channel = this.channels[index];
    if (channel?.question === undefined) return;
    const side = otherSide(channel.opener);
    if (channel.ends[side] !== undefined) return;
    const { question } = channel;
    const priority = PRIORITIES[index % PRIORITIES.length] as Priority;
    if (accepts) {
      channel.ends[side] = question.accept({}, channel.events(side), { priority, credit });
    } else if (!question.isCancelled && !channel.isBroken) {
      channel.isBroken = true;
      question.refuse(6, 'no');
    }
  }

  write(index: number, side: Side, count: number): void {
    const channel = this.#live(index, side);
    if (channel === undefined || channel.flows[side].isEnded) return;
    channel.ends[side]?.write(channel.flows[side].write(count));
  }

  note(index: number, side: Side): void {
    const channel = this.#live(index, side);
    // A note behind the end of file is lost where the peer has ended too.
    if (channel === undefined || channel.flows[side].isEnded) return;
    channel.notes += 1;
    channel.flows[side].sent.push({ note: channel.notes });
    channel.ends[side]?.note({ serial: channel.notes });
  }

  end(index: number, side: Side): void {
    const channel = this.#live(index, side);
    if (channel === undefined || channel.flows[side].isEnded) return;
    channel.flows[side].isEnded = true;
    channel.flows[side].sent.push('eof');
    channel.ends[side]?.end();
  }

  reset(index: number, side: Side): void {
    const channel = this.#live(index, side);
    if (channel === undefined) return;
    channel.isBroken = true;
    channel.ends[side]?.reset(9, 'model');
  }

  consume(index: number, side: Side, part: number): void {
    const channel = this.#live(index, side);
    if (channel === undefined) return;
    const flow = channel.flows[otherSide(side)];
    const bytes = Math.ceil(flow.unconsumed * part);
    flow.unconsumed -= bytes;
    channel.ends[side]?.consumed(bytes);
  }

  /** The transport takes up to `room` bytes of a stream of `side`. */
  take(side: Side, stream: number, room: number): number {
    const target = new Uint8Array(room);
    const count = this.pair[side].take(stream, target);
    if (count > 0) this.#wire[side][stream]?.push(target.subarray(0, count));
    return count;
  }

  /** Up to `count` bytes that `side` sent on a stream arrive. */
  deliver(side: Side, stream: number, count: number): number {
    const pieces = this.#wire[side][stream] as Uint8Array[];
    const first = pieces.shift();
    if (first === undefined) return 0;
    const bytes = first.subarray(0, count);
    if (bytes.length < first.length) pieces.unshift(first.subarray(bytes.length));
    this.pair[otherSide(side)].receive(stream, bytes);
    return bytes.length;
  }

  tick(ms: number): void {
    this.pair.clock.advance(ms);
  }

  /** Answers, reads and ends everything, until nothing moves; then nothing may be left. */
  finish(): void {
    for (let round = 0; round < 10_000; round += 1) {
      this.channels.forEach((_, index) => {
        this.answer(index, true, 5000);
        for (const side of ['client', 'server'] as const) {
          this.consume(index, side, 1);
          this.end(index, side);
        }
      });
      this.tick(1);
      if (this.#move() === 0) break;
    }
    for (const channel of this.channels) this.#checkEnded(channel);
    for (const mux of [this.pair.client, this.pair.server]) {
      expect([mux.channelCount, mux.reservedBytes, mux.ready]).toEqual([0, 0, 0]);
    }
    expect(this.pair.clock.pending).toBe(0);
  }

  #move(): number {
    let moved = 0;
    for (const side of ['client', 'server'] as const) {
      for (const stream of [0, 1]) {
        moved += this.take(side, stream, 4096);
        moved += this.deliver(side, stream, 100_000);
      }
    }
    return moved;
  }

  #checkEnded(channel: ModelChannel): void {
    for (const side of ['client', 'server'] as const) {
      if (channel.ends[side] !== undefined) expect(channel.closes[side]).toBe(1);
      if (!channel.isBroken) expect(channel.flows[side].sent).toEqual([]);
    }
  }

  #live(index: number, side: Side): ModelChannel | undefined {
    const channel = this.channels[index];
    return channel?.ends[side]?.isOpen === true ? channel : undefined;
  }
}

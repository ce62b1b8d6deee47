import { expect } from 'vitest';
import { equalBytes, utf8 } from '../../src/base/bytes.ts';
import type { Channel, ChannelOptions, OpenRequest } from '../../src/mux/channel.ts';
import { acceptChannel, COMPRESSED, openChannel } from '../../src/mux/compression.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { ChannelLog } from './channel-log.ts';
import { MuxPair } from './mux-pair.ts';

export const REQUEST: Omit<OpenRequest, 'stream'> = {
  kind: 'echo',
  metadata: COMPRESSED,
  priority: 'forward',
};
export const OPTIONS: ChannelOptions = { priority: 'forward' };

/** Two ends of one compressed channel; neither reads until it is told to. */
export class Compressed {
  readonly pair: MuxPair;
  readonly near: ChannelLog = new ChannelLog();
  readonly far: ChannelLog = new ChannelLog();
  readonly client: Channel;
  #server: Channel | undefined;

  constructor(pair: MuxPair = new MuxPair()) {
    this.pair = pair;
    pair.onServerOpen = (incoming) => {
      this.#server = acceptChannel(incoming, {}, this.far, OPTIONS);
    };
    this.client = openChannel(pair.client, REQUEST, this.near);
    pair.run();
  }

  get server(): Channel {
    if (this.#server === undefined) throw new Error('nobody has accepted');
    return this.#server;
  }

  readBoth(): this {
    this.near.read(this.client);
    this.far.read(this.server);
    return this;
  }
}

/** A peer that is not ours: what it writes is DATA as it stands. */
export class ForeignPeer {
  readonly pair: MuxPair = new MuxPair();
  readonly peer: ChannelLog = new ChannelLog();
  readonly victim: ChannelLog = new ChannelLog();
  readonly channel: Channel;
  server: Channel | undefined;

  constructor() {
    this.pair.onServerOpen = (incoming) => {
      this.server = acceptChannel(incoming, {}, this.victim, OPTIONS);
      this.victim.reader = this.server;
    };
    this.channel = this.pair.client.open(REQUEST, this.peer);
    this.peer.reader = this.channel;
    this.pair.run();
  }

  say(bytes: Uint8Array): this {
    this.channel.write(bytes);
    this.pair.run();
    return this;
  }
}

/** Text that deflates as text does, zeros, and bytes that do not deflate at all. */
export function sample(kind: number, length: number, seed: number): Uint8Array {
  const random = new SeededRandom(seed);
  if (kind === 0) return new Uint8Array(length);
  if (kind === 1) return random.bytes(length);
  const words = ['GET ', '/index', '\r\n', 'Host: ', '0123', 'é', ' '];
  let text = '';
  while (text.length < length) text += words[random.integer(0, words.length - 1)];
  return utf8(text).subarray(0, length);
}

/** `toEqual` takes a second for a megabyte. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect([actual.length, equalBytes(actual, expected)]).toEqual([expected.length, true]);
}

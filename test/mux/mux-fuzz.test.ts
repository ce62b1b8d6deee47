import { expect, test } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import { EtError } from '../../src/base/errors.ts';
import type { Channel } from '../../src/mux/channel.ts';
import {
  encodeAccept,
  encodeNote,
  encodeOpen,
  encodeRefuse,
  encodeReset,
  writeCredit,
  writeDataHeader,
  writeEof,
} from '../../src/wire/encode-message.ts';
import { MAX_CHANNELS, MAX_CREDIT_SUM_BYTES } from '../../src/wire/limits.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { MuxPair } from './mux-pair.ts';

/** A sound message about a channel that may or may not exist. */
function message(random: SeededRandom, opened: { next: number }): Uint8Array {
  if (random.chance(0.1)) {
    opened.next += 2;
    return encodeOpen(opened.next - 2, 'fuzz', random.integer(0, 10_000), { n: 1 });
  }
  // Most about one of the last channels, few about one that never was.
  const latest = opened.next - 2 * random.integer(1, 30);
  const id = random.chance(0.001) ? random.integer(0, 2 ** 40) : Math.max(latest, 0);
  const target = new Uint8Array(400);
  switch (random.integer(1, 8)) {
    case 1:
      return encodeOpen(id, 'fuzz', random.integer(0, 10_000), { n: 1 });
    case 2:
      return encodeAccept(id, random.integer(0, 10_000), {});
    case 3:
      return encodeRefuse(id, random.integer(0, 12), 'why');
    case 4: {
      const bytes = random.integer(1, 300);
      return target.subarray(0, writeDataHeader(target, 0, id, bytes) + bytes);
    }
    case 5:
      return target.subarray(0, writeCredit(target, 0, id, random.integer(0, 100_000)));
    case 6:
      return target.subarray(0, writeEof(target, 0, id));
    case 7:
      return encodeNote(id, { x: 1 }).message;
    default:
      return encodeReset(id, random.integer(0, 12), 'why');
  }
}

function mutate(bytes: Uint8Array, random: SeededRandom): void {
  const at = random.integer(0, bytes.length - 1);
  bytes[at] = random.integer(0, 255);
}

/** A server whose owners accept, refuse, answer, read, and end at random; and a few channels of its own. */
function victim(random: SeededRandom): MuxPair {
  const pair = new MuxPair();
  pair.onServerOpen = (incoming) => {
    if (random.chance(0.1)) return;
    if (random.chance(0.2)) return incoming.refuse(1, 'no');
    const onData = (bytes: Uint8Array): void => {
      if (random.chance(0.5)) channel.consumed(bytes.length);
      if (random.chance(0.1)) channel.reset();
      else if (random.chance(0.2)) channel.end();
      else if (channel.bufferedBytes < 10_000) tryWrite(channel, bytes);
    };
    const channel = incoming.accept({}, { onData }, { priority: 'forward' });
  };
  for (let i = 0; i < 3; i += 1) {
    const events = { onData: () => undefined };
    pair.server.open({ kind: 'x', metadata: {}, priority: 'bulk', stream: i % 2 }, events);
  }
  return pair;
}

function tryWrite(channel: Channel, bytes: Uint8Array): void {
  try {
    channel.write(bytes.slice());
  } catch {
    // It has been ended before.
  }
}

/** Runs messages into a fresh session until it fails or has had `count`; returns how many it had. */
function attack(random: SeededRandom, count: number, mutation: number): number {
  const pair = victim(random);
  const opened = { next: 0 };
  let fed = 0;
  let failure: unknown;
  const target = new Uint8Array(2000);
  while (fed < count && failure === undefined) {
    const messages = Array.from({ length: random.integer(1, 20) }, () => message(random, opened));
    const bytes = concatBytes(messages);
    fed += messages.length;
    if (random.chance(mutation)) mutate(bytes, random);
    const cut = random.integer(0, bytes.length);
    try {
      const stream = random.chance(0.01) ? 1 : 0;
      pair.server.receive(stream, bytes.subarray(0, cut));
      pair.server.receive(stream, bytes.subarray(cut));
    } catch (error) {
      failure = error;
    }
    for (const stream of [0, 1]) pair.server.take(stream, target);
    pair.clock.advance(1);
  }
  expect(pair.server.channelCount).toBeLessThanOrEqual(MAX_CHANNELS);
  expect(pair.server.reservedBytes).toBeLessThanOrEqual(MAX_CREDIT_SUM_BYTES);
  if (failure !== undefined) {
    expect(failure).toBeInstanceOf(EtError);
    expect((failure as EtError).scope).toBe('session');
  }
  pair.server.close();
  pair.clock.advance(0);
  expect([pair.server.channelCount, pair.server.reservedBytes, pair.clock.pending]).toEqual([
    0, 0, 0,
  ]);
  return fed;
}

test('a million messages in any order, some damaged, end a session at most, and leave nothing behind', {
  timeout: 240_000,
}, () => {
  let fed = 0;
  for (let seed = 0; fed < 1_000_000; seed += 1) {
    fed += attack(new SeededRandom(seed), 2000, seed % 3 === 0 ? 0.01 : 0);
  }
});

test('random bytes end a session at most', () => {
  for (let seed = 0; seed < 5000; seed += 1) {
    const random = new SeededRandom(seed);
    const pair = victim(random);
    try {
      for (let i = 0; i < 20; i += 1) {
        const bytes = random.bytes(random.integer(1, 60));
        // A known type and a small id, so that some get further.
        bytes[0] = random.integer(1, 8);
        if (bytes.length > 1) bytes[1] = random.integer(0, 5);
        pair.server.receive(0, bytes);
        pair.server.take(0, new Uint8Array(500));
      }
    } catch (error) {
      expect(error).toMatchObject({ name: 'EtError', scope: 'session' });
    }
    pair.server.close();
    expect(pair.server.channelCount).toBe(0);
  }
});

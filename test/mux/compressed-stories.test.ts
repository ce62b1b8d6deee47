import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import type { Channel } from '../../src/mux/channel.ts';
import { acceptChannel, openChannel } from '../../src/mux/compression.ts';
import { ChannelLog } from './channel-log.ts';
import { expectBytes, OPTIONS, REQUEST, sample } from './compressed-pair.ts';
import { MuxPair } from './mux-pair.ts';

const AN_END = fc.constantFrom('client', 'server');
const A_SAMPLE = fc.tuple(
  fc.integer({ min: 0, max: 2 }),
  fc.integer({ min: 0, max: 100_000 }),
  fc.nat(),
);
const AN_ACT = fc.oneof(
  fc.record({ by: AN_END, says: A_SAMPLE }),
  fc.record({ by: AN_END, note: fc.nat(9) }),
  fc.record({ carry: fc.integer({ min: 100, max: 61_440 }) }),
  fc.record({ consume: fc.integer({ min: 1, max: 50_000 }) }),
);
type Act = typeof AN_ACT extends fc.Arbitrary<infer A> ? A : never;

test('a compressed channel carries any writes, notes and ends both ways, exactly and in order', () => {
  fc.assert(
    fc.property(fc.array(AN_ACT, { maxLength: 30 }), fc.boolean(), (acts, isEarly) => {
      const told = story(isEarly);
      for (const act of acts) perform(told, act);
      const { pair, near, far, client, server, written, notes } = told;
      client.end();
      pair.run();
      server().end();
      near.read(client);
      far.read(server());
      pair.run(777);
      expectBytes(far.data, written.of('client'));
      expectBytes(near.data, written.of('server'));
      expect(far.lines.filter(isTold)).toEqual([
        ...notes.of('client'),
        `eof at ${far.byteCount}`,
        'close',
      ]);
      expect(near.lines.filter(isTold)).toEqual([
        ...notes.of('server'),
        `eof at ${near.byteCount}`,
        'close',
      ]);
      expect(pair.client.channelCount + pair.server.channelCount).toBe(0);
      expect(pair.clock.pending).toBe(0);
    }),
    { numRuns: 150 },
  );
});

/** What the other end has said, and the end. */
function isTold(line: string): boolean {
  return !/^(?:accept|drain)/u.test(line);
}

function perform({ pair, near, far, client, server, written, notes }: Story, act: Act): void {
  if ('carry' in act) pair.run(act.carry);
  else if ('says' in act) written.write(act.by, sample(...act.says));
  else if ('note' in act) notes.note(act.by, act.note);
  else {
    consume(near, client, act.consume);
    consume(far, server(), act.consume);
  }
}

function consume(log: ChannelLog, channel: Channel, bytes: number): void {
  const some = Math.min(bytes, log.unconsumedBytes);
  log.unconsumedBytes -= some;
  channel.consumed(some);
}

interface Story {
  readonly pair: MuxPair;
  readonly near: ChannelLog;
  readonly far: ChannelLog;
  readonly client: Channel;
  readonly server: () => Channel;
  readonly written: { write(by: string, bytes: Uint8Array): void; of(by: string): Uint8Array };
  readonly notes: { note(by: string, n: number): void; of(by: string): string[] };
}

/** A channel whose two ends say things; `isEarly`: the client begins before it is accepted. */
function story(isEarly: boolean): Story {
  const pair = new MuxPair();
  const near = new ChannelLog();
  const far = new ChannelLog();
  let accepted: Channel | undefined;
  pair.onServerOpen = (incoming) => {
    accepted = acceptChannel(incoming, {}, far, OPTIONS);
  };
  const client = openChannel(pair.client, REQUEST, near);
  const pieces: Record<string, Uint8Array[]> = { client: [], server: [] };
  const lines: Record<string, string[]> = { client: [], server: [] };
  const server = (): Channel => {
    if (accepted === undefined) pair.run();
    if (accepted === undefined) throw new Error('nobody has accepted');
    return accepted;
  };
  if (!isEarly) server();
  const end = (by: string): Channel => (by === 'client' ? client : server());
  const lengthOf = (by: string): number =>
    (pieces[by] ?? []).reduce((sum, each) => sum + each.length, 0);
  return {
    pair,
    near,
    far,
    client,
    server,
    written: {
      write: (by, bytes) => {
        end(by).write(bytes);
        pieces[by]?.push(bytes);
      },
      of: (by) => concatBytes(pieces[by] ?? []),
    },
    notes: {
      note: (by, n) => {
        end(by).note({ n });
        lines[by]?.push(`note {"n":${n}} at ${lengthOf(by)}`);
      },
      of: (by) => lines[by] ?? [],
    },
  };
}

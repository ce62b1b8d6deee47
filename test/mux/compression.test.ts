import { expect, test } from 'vitest';
import type { EtError } from '../../src/base/errors.ts';
import { acceptChannel, COMPRESSED, openChannel } from '../../src/mux/compression.ts';
import { ChannelLog } from './channel-log.ts';
import { MuxPair } from './mux-pair.ts';

const OPTIONS = { priority: 'forward' } as const;

/** Opens a channel with this metadata, says 5,000 zeros on it, and counts what went to the server. */
function sentBytes(metadata: Record<string, unknown>): number {
  const pair = new MuxPair();
  const far = new ChannelLog();
  pair.onServerOpen = (incoming) => {
    far.read(acceptChannel(incoming, {}, far, OPTIONS));
  };
  const request = { kind: 'echo', metadata, ...OPTIONS };
  openChannel(pair.client, request, new ChannelLog()).write(new Uint8Array(5000));
  const { up } = pair.run();
  expect(far.byteCount).toBe(5000);
  return up;
}

test('a channel is compressed if its metadata says so, and otherwise is not', () => {
  expect(sentBytes(COMPRESSED)).toBeLessThan(300);
  expect(sentBytes({})).toBeGreaterThan(5000);
});

test.each([['zstd'], [true], [null], [['deflate']]])(
  'compression %j is not known, and its open still to be answered',
  (compression) => {
    const pair = new MuxPair();
    const log = new ChannelLog();
    pair.onServerOpen = (incoming) => {
      try {
        acceptChannel(incoming, {}, new ChannelLog(), OPTIONS);
      } catch (error) {
        incoming.refuse(4, (error as EtError).message);
      }
    };
    pair.client.open({ kind: 'echo', metadata: { compression }, ...OPTIONS }, log);
    pair.run();
    expect(log.lines).toEqual(['refuse 4 a compression other than deflate', 'close']);
  },
);

test('whoever counts compressed channels is told once that one is over, before its owner', () => {
  const pair = new MuxPair();
  const log = new ChannelLog();
  pair.onServerOpen = (incoming) => incoming.refuse(5, 'no');
  openChannel(pair.client, { kind: 'echo', metadata: COMPRESSED, ...OPTIONS }, log, () =>
    log.lines.push('closed'),
  );
  pair.run();
  expect(log.lines).toEqual(['refuse 5 no', 'closed', 'close']);
});

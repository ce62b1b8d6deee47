import { expect, test } from 'vitest';
import { ConnectionChannels, MAX_COMPRESSED } from '../../src/forward/connection-channels.ts';
import type { Channel, IncomingOpen } from '../../src/mux/channel.ts';
import { COMPRESSED } from '../../src/mux/compression.ts';
import { ChannelLog } from '../mux/channel-log.ts';
import { MuxPair } from '../mux/mux-pair.ts';

const REQUEST = { kind: 'tcp', metadata: { port: 1 }, priority: 'forward' } as const;
const OPTIONS = { priority: 'forward' } as const;

interface Ends {
  readonly pair: MuxPair;
  readonly near: ConnectionChannels;
  readonly far: ConnectionChannels;
  /** What the far end was asked, in order. */
  readonly asked: IncomingOpen[];
  readonly accepted: Channel[];
}

function ends(isCompressed: boolean): Ends {
  const pair = new MuxPair();
  const far = new ConnectionChannels(pair.server, false);
  const asked: IncomingOpen[] = [];
  const accepted: Channel[] = [];
  pair.onServerOpen = (incoming) => {
    asked.push(incoming);
    if (!far.refuses(incoming)) accepted.push(far.accept(incoming, new ChannelLog(), OPTIONS));
  };
  return { pair, near: new ConnectionChannels(pair.client, isCompressed), far, asked, accepted };
}

test('each is compressed as all are, unless it is said of it', () => {
  for (const isCompressed of [true, false]) {
    const { pair, near, asked } = ends(isCompressed);
    near.open(REQUEST, new ChannelLog());
    near.open(REQUEST, new ChannelLog(), !isCompressed);
    pair.run();
    const wishes = asked.map(({ metadata }) => 'compression' in metadata);
    expect(wishes).toEqual([isCompressed, !isCompressed]);
    expect(asked[0]?.metadata).toMatchObject({ port: 1 });
  }
});

test('beyond as many as there is memory for, connections are not compressed, until others have ended', () => {
  const { pair, near, asked } = ends(true);
  const opened: Channel[] = [];
  const open = (): void => {
    opened.push(near.open(REQUEST, new ChannelLog()));
    pair.run();
  };
  for (let i = 0; i < MAX_COMPRESSED + 2; i += 1) open();
  expect(asked.filter(({ metadata }) => 'compression' in metadata)).toHaveLength(MAX_COMPRESSED);
  expect(asked.at(-1)?.metadata).toEqual({ port: 1 });
  opened[0]?.reset();
  open();
  expect(asked.at(-1)?.metadata).toEqual({ port: 1, ...COMPRESSED });
});

test('an end that asks for far more is refused', () => {
  const { pair, asked, accepted } = ends(true);
  const logs: ChannelLog[] = [];
  const open = (): Channel => {
    const log = new ChannelLog();
    logs.push(log);
    const channel = pair.client.open({ ...REQUEST, metadata: COMPRESSED }, log);
    pair.run();
    return channel;
  };
  const first = open();
  for (let i = 0; i < 4 * MAX_COMPRESSED; i += 1) open();
  expect(accepted).toHaveLength(4 * MAX_COMPRESSED);
  expect(logs.at(-1)?.lines).toEqual([
    'refuse 2 1024 compressed connections are open there',
    'close',
  ]);
  expect(asked).toHaveLength(4 * MAX_COMPRESSED + 1);
  first.reset();
  open();
  expect(logs.at(-1)?.lines).toEqual(['accept {}']);
});

test('a compression that is not known is refused with code 4', () => {
  const { pair } = ends(false);
  const log = new ChannelLog();
  pair.client.open({ ...REQUEST, metadata: { compression: 'br' } }, log);
  pair.run();
  expect(log.lines).toEqual(['refuse 4 a compression other than deflate', 'close']);
});

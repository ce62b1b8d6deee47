import { expect, test } from 'vitest';
import type { ListenPlace } from '../../src/forward/endpoint.ts';
import { FarListening, type FarPlace } from '../../src/forward/far-listening.ts';
import type { Channel, ChannelReason } from '../../src/mux/channel.ts';
import type { JsonObject } from '../../src/wire/messages.ts';
import { MuxPair } from '../mux/mux-pair.ts';

/** A listener that listens, or does not, when the test says so. */
class FakeListener implements FarPlace {
  place: ListenPlace = { kind: 'tcp', bind: 'localhost', port: 0 };
  isClosed = false;
  settle: { listens(): void; fails(error: Error): void } = {
    listens: () => undefined,
    fails: () => undefined,
  };

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.settle = { listens: resolve, fails: reject };
    });
  }

  close(): void {
    this.isClosed = true;
  }
}

function world(objectionTo: (place: ListenPlace) => string | undefined = () => undefined) {
  const pair = new MuxPair();
  const listener = new FakeListener();
  const told: string[] = [];
  let listening: FarListening | undefined;
  pair.onServerOpen = (incoming) => {
    const onOver = (): void => void told.push('over');
    listening = new FarListening(incoming, listener, { objectionTo, onOver });
  };
  const channel: Channel = pair.client.open(
    { kind: 'listen', metadata: {}, priority: 'control' },
    {
      onData: () => undefined,
      onAccept: (metadata: JsonObject) => told.push(`accepted ${JSON.stringify(metadata)}`),
      onRefuse: (_: unknown, { code, text }: ChannelReason) => told.push(`refused ${code} ${text}`),
      onClose: () => told.push('closed'),
    },
  );
  pair.run();
  const settled = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    pair.run();
  };
  return { listener, told, channel, settled, isListening: () => listening?.isListening };
}

test('it listens from the moment in which the other end is told, with the port that was chosen', async () => {
  const { listener, told, channel, settled, isListening } = world();
  expect(isListening()).toBe(false);
  listener.place = { kind: 'tcp', bind: 'localhost', port: 4711 };
  listener.settle.listens();
  await settled();
  expect(isListening()).toBe(true);
  expect(told).toEqual(['accepted {"bind":"localhost","port":4711}']);
  channel.end();
  await settled();
  expect([isListening(), listener.isClosed]).toEqual([false, true]);
  expect(told.slice(1).toSorted()).toEqual(['closed', 'over']);
});

test('a port that was chosen and is not permitted is given up before anybody may use it', async () => {
  const { listener, told, settled, isListening } = world((place) =>
    place.kind === 'tcp' && place.port === 4711 ? 'not that one' : undefined,
  );
  listener.place = { kind: 'tcp', bind: 'localhost', port: 4711 };
  listener.settle.listens();
  await settled();
  expect([isListening(), listener.isClosed]).toEqual([false, true]);
  expect(told).toEqual(['over', 'refused 5 not that one', 'closed']);
});

test('why it cannot listen is told', async () => {
  const { listener, told, settled } = world();
  listener.settle.fails(new Error('it is in use'));
  await settled();
  expect(told).toEqual(['over', 'refused 8 it is in use', 'closed']);
  expect(listener.isClosed).toBe(true);
});

test('who takes the question back while it starts leaves nothing that listens', async () => {
  const { listener, told, channel, settled, isListening } = world();
  channel.reset();
  await settled();
  listener.settle.listens();
  await settled();
  expect([isListening(), listener.isClosed]).toEqual([false, true]);
  expect(told).toEqual(['closed', 'over']);
});

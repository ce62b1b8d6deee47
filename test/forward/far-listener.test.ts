import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { SystemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Connections } from '../../src/forward/connections.ts';
import { streamSockets } from '../../src/forward/connector.ts';
import { FarListener } from '../../src/forward/far-listener.ts';
import { SocketFactory } from '../../src/link/socket-factory.ts';
import type { Channel, IncomingOpen } from '../../src/mux/channel.ts';
import { freePort } from '../support/free-port.ts';
import { deathOf, soon } from './forward-lab.ts';

/** A place that listens; the other end has been told so if `isTold`. */
async function world(isTold: boolean) {
  const port = await freePort();
  const asked: unknown[] = [];
  let hasAccepted = false;
  const channel = { end: () => undefined, consumed: () => undefined } as unknown as Channel;
  const incoming = {
    id: 1,
    stream: 1,
    isCancelled: false,
    accept: () => {
      hasAccepted = true;
      return isTold ? channel : undefined;
    },
  } as unknown as IncomingOpen;
  const clock = new SystemClock();
  const sockets = streamSockets();
  const connections = {
    ask: (socket: { reset(): void }, open: unknown) => {
      asked.push(open);
      socket.reset();
    },
  } as unknown as Connections;
  const listener = new FarListener(
    incoming,
    { kind: 'tcp', bind: '127.0.0.1', port },
    {
      clock,
      random: systemRandom,
      probes: new SocketFactory(clock),
      temporaryDirectory: '/tmp',
      sockets,
      connections,
      isCompressed: false,
      objectionTo: () => undefined,
      onOver: () => undefined,
    },
  );
  await soon(() => hasAccepted);
  return { port, asked, listener };
}

test.each([
  [false, 0],
  [true, 1],
])(
  'told: %j; so many connections that come in then are told to the other end: %i',
  async (isTold, count) => {
    const { port, asked, listener } = await world(isTold);
    expect(await deathOf(connect(port, '127.0.0.1'))).toBe('ECONNRESET');
    expect(asked).toHaveLength(count);
    listener.close();
  },
);

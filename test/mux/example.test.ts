import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { DuplexMux, type IncomingOpen } from '../../src/mux/duplex-mux.ts';

/** A service: every channel of the kind `upper` gets back what it sends, in capitals. */
function answer(incoming: IncomingOpen): void {
  if (incoming.kind !== 'upper') {
    incoming.refuse(1, 'no such kind');
    return;
  }
  const onData = (bytes: Uint8Array): void => {
    channel.write(Buffer.from(Buffer.from(bytes).toString().toUpperCase()));
    channel.consumed(bytes.length);
  };
  const events = { onData, onEof: () => channel.end() };
  const channel = incoming.accept({}, events, { priority: 'forward' });
}

test('the example: channels over a socket', async () => {
  const listener = createServer(
    (socket) => new DuplexMux(socket, { role: 'server', onOpen: answer }),
  );
  await once(listener.listen(0, '127.0.0.1'), 'listening');

  const { port } = listener.address() as AddressInfo;
  const mux = new DuplexMux(connect(port, '127.0.0.1'), { role: 'client', onOpen: answer });
  const said: string[] = [];
  await new Promise<void>((resolve) => {
    const onData = (bytes: Uint8Array): void => {
      said.push(Buffer.from(bytes).toString()); // the bytes are valid until the call returns
      channel.consumed(bytes.length); // only this lets the other end send more
    };
    const events = { onData, onClose: resolve };
    const channel = mux.open({ kind: 'upper', metadata: {}, priority: 'forward' }, events);
    channel.write(Buffer.from('hello'));
    channel.end();
  });
  mux.close();
  listener.close();
  expect(said.join('')).toBe('HELLO');
});

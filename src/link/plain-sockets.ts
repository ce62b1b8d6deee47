import { Socket } from 'node:net';
import type { SocketCarrierOptions } from './socket-carrier.ts';
import type { DiallingSocket, SocketDialling } from './socket-factory.ts';

/** A connection that is open, and is still to become something: a tunnel, TLS, a WebSocket, a carrier. */
export interface OpenSocket extends SocketCarrierOptions {
  readonly socket: Socket;
}

/** Makes sockets of Node's own, for what must speak on them before the first byte of ours. Half-open, as a `SocketCarrier` needs it. */
export class PlainSockets implements SocketDialling<OpenSocket> {
  dialling(): DiallingSocket<OpenSocket> {
    const socket = new Socket({ allowHalfOpen: true });
    socket.setNoDelay(true);
    // Between its steps nobody listens, and an error that nobody hears would end the process.
    socket.on('error', () => undefined);
    return { socket, connected: (options) => ({ ...options, socket }) };
  }
}

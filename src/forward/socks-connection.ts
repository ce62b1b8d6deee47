import { copyOf } from '../base/bytes.ts';
import type { StreamSocket } from '../link/stream-socket.ts';
import { endpointToJson } from './endpoint.ts';
import { FORWARD_STREAM, type ForwardSession } from './forward.ts';
import type { ForwardCounters } from './forward-counters.ts';
import type { SocksAssociations } from './socks-associations.ts';
import { SocksHandshake, type SocksRequest } from './socks-handshake.ts';
import { socksOutcomeOf, socksReply } from './socks-reply.ts';

/** Speaks SOCKS with a program, and has what it asks for reached by the far side: names are resolved there. */
export function serveSocks(
  session: ForwardSession,
  socket: StreamSocket,
  counters: ForwardCounters,
  associations: SocksAssociations,
): void {
  const handshake = new SocksHandshake();
  let isOver = false;
  socket.start({
    onBytes: (bytes) => {
      if (isOver) return;
      const step = handshake.push(bytes);
      if (step.reply !== undefined) socket.write(step.reply);
      isOver = step.isRefused === true || step.request !== undefined;
      if (step.isRefused === true) socket.end();
      if (step.request === undefined) return;
      socket.pause();
      if (step.request.command === 'udp-associate') {
        associations.begin(session, socket, step.request, counters);
      } else {
        connect(session, socket, step.request, step.rest, counters);
      }
    },
    onEnd: () => socket.end(),
    onDrain: () => undefined,
    onClose: () => undefined,
  });
}

function connect(
  session: ForwardSession,
  socket: StreamSocket,
  request: SocksRequest,
  rest: Uint8Array | undefined,
  counters: ForwardCounters,
): void {
  const { version, host, port } = request;
  session.connections.ask(
    socket,
    {
      kind: 'tcp',
      metadata: endpointToJson({ kind: 'tcp', host, port }),
      stream: FORWARD_STREAM,
      priority: 'forward',
      first: rest === undefined ? undefined : copyOf(rest),
      onAccept: () => socket.write(socksReply(version, 'granted')),
      onRefuse: ({ code, text }) => {
        socket.write(socksReply(version, socksOutcomeOf(code, text)));
        return true;
      },
    },
    counters,
  );
}

import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { formatEndpoint, plainAddress } from '../link/plain-address.ts';
import type { StreamSocket } from '../link/stream-socket.ts';
import type { Mux } from '../mux/mux.ts';
import { FORWARD_STREAM } from './forward.ts';
import type { ForwardCounters } from './forward-counters.ts';
import { sayGoodbye } from './say-goodbye.ts';
import { addressBytesOf } from './socks-address.ts';
import { decodeSocksDatagram, encodeSocksDatagram, type SocksDatagram } from './socks-datagram.ts';
import type { SocksRequest } from './socks-handshake.ts';
import { socksReply } from './socks-reply.ts';
import { type UdpBeginning, UdpFlows } from './udp-flows.ts';
import { MAX_ASSOCIATION_FLOWS } from './udp-limits.ts';
import { type UdpAddress, UdpSocket } from './udp-socket.ts';

const LOOPBACK = '127.0.0.1';

export interface SocksAssociationDeps {
  readonly clock: Clock;
  readonly idleMs: number;
  readonly mux: Mux;
  readonly counters: ForwardCounters;
  readonly onOver: () => void;
}

/**
 * The relay of one UDP ASSOCIATE (RFC 1928 section 7): a socket of its own on the address at which the client has reached us, and a
 * flow for each destination that the client names. It lives as long as the connection that has asked for it.
 *
 *   binding --bound, told where--> relaying --end of the connection, or of the session--> over       binding --cannot--> over
 *
 * Between any two calls: only one address of the client's is heard, that of its connection with the port that it has named, or has
 * used first; whatever else comes is dropped and counted.
 */
export class SocksAssociation {
  readonly #control: StreamSocket;
  readonly #deps: SocksAssociationDeps;
  readonly #socket: UdpSocket;
  readonly #flows: UdpFlows;
  readonly #clientAddress: string;
  #clientPort: number | undefined;
  /** As the system writes it. */
  #client: UdpAddress | undefined;
  #isOver = false;

  constructor(control: StreamSocket, request: SocksRequest, deps: SocksAssociationDeps) {
    this.#control = control;
    this.#deps = deps;
    this.#clientAddress = plainAddress(control.remoteAddress ?? LOOPBACK);
    this.#clientPort = portOf(request, this.#clientAddress);
    const { clock, idleMs, counters, mux } = deps;
    this.#flows = new UdpFlows({ clock, idleMs, maxFlows: MAX_ASSOCIATION_FLOWS, counters });
    this.#flows.attach(mux);
    const address = plainAddress(control.localAddress ?? LOOPBACK);
    this.#socket = new UdpSocket(address, {
      onDatagram: (bytes, from) => this.#received(bytes, from),
      onDropped: (error) => {
        counters.dropped += 1;
        counters.lastError = messageOf(error);
      },
    });
    control.start({
      onBytes: () => undefined,
      onEnd: () => this.close(),
      onDrain: () => undefined,
      onClose: () => this.close(),
    });
    this.#bind(address);
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.close();
    this.#flows.close('the association has ended');
    sayGoodbye(this.#control, undefined, this.#deps.clock);
    this.#deps.onOver();
  }

  #bind(address: string): void {
    this.#socket.bind(address, 0).then(
      () => {
        if (this.#isOver) return;
        const { port } = this.#socket;
        this.#control.write(socksReply(5, 'granted', { address: this.#socket.address, port }));
      },
      (error: unknown) => {
        if (this.#isOver) return;
        this.#deps.counters.refuse(`no socket for datagrams: ${messageOf(error)}`);
        this.#control.write(socksReply(5, 'failed'));
        this.close();
      },
    );
  }

  #received(bytes: Uint8Array, from: UdpAddress): void {
    const datagram = this.#isClient(from) ? decodeSocksDatagram(bytes) : undefined;
    if (datagram === undefined) {
      this.#deps.counters.dropped += 1;
      return;
    }
    this.#client ??= { address: from.address, port: from.port };
    const { host, port, payload } = datagram;
    this.#flows.send(`${port} ${host}`, payload, () => this.#beginning(datagram));
  }

  #isClient({ address, port }: UdpAddress): boolean {
    if (plainAddress(address) !== this.#clientAddress) return false;
    this.#clientPort ??= port;
    return port === this.#clientPort;
  }

  /** Replies are said to come from what was asked for, name or address: it is what the client knows. */
  #beginning({ host, port }: SocksDatagram): UdpBeginning {
    const client = this.#client;
    return {
      kind: 'udp',
      metadata: {
        host,
        port,
        from: formatEndpoint(this.#clientAddress, this.#clientPort ?? 0),
      },
      stream: FORWARD_STREAM,
      onReply: (bytes) => {
        if (client !== undefined) {
          this.#socket.send(encodeSocksDatagram(host, port, bytes), client);
        }
      },
    };
  }
}

/** The port that the client says it will send from; it counts only with its address, as some name the destination's. */
function portOf({ host, port }: SocksRequest, clientAddress: string): number | undefined {
  const address = addressBytesOf(host);
  const isAny = address?.every((byte) => byte === 0) === true;
  const isOwn = address !== undefined && plainAddress(host) === clientAddress;
  return port !== 0 && (isAny || isOwn) ? port : undefined;
}

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

const MAX_KEPT = 100;

/** A translator of addresses between clients and one port of a host, that does what networks do to datagrams. */
export class UdpProxy {
  readonly port: number;
  readonly #front: Socket;
  readonly #targetHost: string;
  readonly #flows = new Map<number, Flow>();
  /** Nothing passes, and nobody is told. */
  isHole = false;
  /** Of those that pass, in either direction, as long as it is there: true loses one. */
  loses: (() => boolean) | undefined;
  /** Datagrams from clients, where they are kept; the first ones. */
  readonly kept: Buffer[] = [];
  keepsDatagrams = false;

  private constructor(front: Socket, targetHost: string) {
    this.#front = front;
    this.port = front.address().port;
    this.#targetHost = targetHost;
    front.on('message', (bytes, from) => this.#up(bytes, from.port));
  }

  /** Takes a port of 127.0.0.1 and hands on to the same port of `targetHost`, where `et --bind` may listen. */
  static async before(targetHost: string, port = 0): Promise<UdpProxy> {
    const front = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
    front.bind(port, '127.0.0.1');
    await once(front, 'listening');
    return new UdpProxy(front, targetHost);
  }

  /** What is known of clients is forgotten for good: their datagrams go nowhere, and those of sockets yet to come pass. */
  cut(): void {
    for (const flow of this.#flows.values()) flow.isCut = true;
  }

  /** Every client gets another port at the host, as behind a translator that was restarted. */
  async rebind(): Promise<void> {
    for (const [port, flow] of this.#flows) {
      flow.back.close();
      this.#flows.set(port, await this.#open(port, flow.isCut));
    }
  }

  async close(): Promise<void> {
    for (const { back } of this.#flows.values()) back.close();
    this.#front.close();
    await once(this.#front, 'close');
  }

  #up(bytes: Buffer, clientPort: number): void {
    if (this.keepsDatagrams && this.kept.length < MAX_KEPT) this.kept.push(Buffer.from(bytes));
    const known = this.#flows.get(clientPort);
    const isLost = this.isHole || known?.isCut === true || this.loses?.() === true;
    if (isLost) return;
    const flow = known ?? this.#openNow(clientPort);
    flow.back.send(bytes, this.port, this.#targetHost);
  }

  #openNow(clientPort: number, isCut = false): Flow {
    const back = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
    const flow: Flow = { back, isCut };
    back.on('error', () => undefined);
    back.on('message', (bytes) => {
      if (this.isHole || flow.isCut || this.loses?.() === true) return;
      this.#front.send(bytes, clientPort, '127.0.0.1');
    });
    back.bind(0, '127.0.0.1');
    this.#flows.set(clientPort, flow);
    return flow;
  }

  async #open(clientPort: number, isCut: boolean): Promise<Flow> {
    const flow = this.#openNow(clientPort, isCut);
    await once(flow.back, 'listening');
    return flow;
  }
}

/** Of one client's socket. */
interface Flow {
  readonly back: Socket;
  isCut: boolean;
}

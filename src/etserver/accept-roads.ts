import type { Logger } from '../base/logger.ts';
import type { RandomSource } from '../base/random.ts';
import type { Carrier } from '../link/carrier.ts';
import type { Listener } from '../link/listener.ts';
import type { SocketFactory } from '../link/socket-factory.ts';
import type { PortRange } from '../link/tcp-listener.ts';
import type { UdpSockets, UdpSocketsDeps } from '../link/udp-sockets.ts';
import { listenUnix } from '../link/unix-listener.ts';
import { DatagramHub } from './datagram-hub.ts';
import { switchByFirstByte } from './first-byte-switch.ts';
import { listenOnPort, type OnPort } from './listen-on-port.ts';

export interface RoadDeps extends UdpSocketsDeps {
  readonly random: RandomSource;
  readonly sockets: SocketFactory;
  readonly logger: Logger;
}

export interface RoadTargets {
  onLink(carrier: Carrier): void;
  onQuestion(carrier: Carrier): void;
}

/** Where a session server is reached: TCP and UDP for its client, a unix socket for its user's own processes. */
export class AcceptedRoads {
  /** Of TCP; 0: nowhere. */
  readonly port: number;
  /** Of UDP, the same one; 0: nowhere. */
  readonly udpPort: number;
  readonly #listeners: readonly Listener[];
  readonly #udp: UdpSockets | undefined;

  private constructor(unix: Listener, onPort: OnPort | undefined) {
    this.port = onPort?.tcp.port ?? 0;
    this.udpPort = onPort?.udp?.port ?? 0;
    this.#listeners = onPort === undefined ? [unix] : [unix, onPort.tcp];
    this.#udp = onPort?.udp;
  }

  /** `ports` undefined: neither TCP nor UDP. @throws {EtError} ET_ERR_STATE when a place cannot be had. */
  static async open(
    deps: RoadDeps,
    where: {
      readonly ports: PortRange | undefined;
      readonly bind: string;
      readonly socket: string;
      readonly ownerId: number;
    },
    targets: RoadTargets,
  ): Promise<AcceptedRoads> {
    const onTrouble = (error: Error): void => deps.logger.log(1, `accepting: ${error.message}`);
    let udp: UdpSockets | undefined;
    const hub = new DatagramHub(deps.clock, { onCarrier: (carrier) => targets.onLink(carrier) });
    const unix = listenUnix(deps, where.socket, where.ownerId, {
      onCarrier: (carrier) => {
        udp?.look();
        switchByFirstByte(carrier, deps.clock, targets);
      },
      onTrouble,
    });
    const onPort =
      where.ports === undefined
        ? undefined
        : listenOnPort(deps, where.bind, where.ports, {
            onCarrier: (carrier) => {
              udp?.look();
              targets.onLink(carrier);
            },
            onDatagram: (datagram, from) => hub.receive(datagram, from),
            onTrouble,
          });
    // Beside each other: whoever starts a session waits for both.
    const [toUnix, toPort] = await Promise.allSettled([unix, onPort]);
    if (toUnix.status === 'fulfilled' && toPort.status === 'fulfilled') {
      udp = toPort.value?.udp;
      return new AcceptedRoads(toUnix.value, toPort.value);
    }
    if (toUnix.status === 'fulfilled') await toUnix.value.close();
    if (toPort.status === 'fulfilled') {
      toPort.value?.udp?.close();
      await toPort.value?.tcp.close();
    }
    throw toUnix.status === 'rejected' ? toUnix.reason : (toPort as PromiseRejectedResult).reason;
  }

  async close(): Promise<void> {
    this.#udp?.close();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }
}

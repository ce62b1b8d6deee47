import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { RandomSource } from '../base/random.ts';
import type { Carrier } from '../link/carrier.ts';
import type { Listener } from '../link/listener.ts';
import type { SocketFactory } from '../link/socket-factory.ts';
import { listenTcp, type PortRange } from '../link/tcp-listener.ts';
import { listenUnix } from '../link/unix-listener.ts';
import { switchByFirstByte } from './first-byte-switch.ts';

export interface RoadDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly sockets: SocketFactory;
  readonly logger: Logger;
}

export interface RoadTargets {
  onLink(carrier: Carrier): void;
  onQuestion(carrier: Carrier): void;
}

/** Where a session server is reached: TCP for its client, a unix socket for its user's own processes. */
export class AcceptedRoads {
  readonly port: number;
  readonly #listeners: readonly Listener[];

  private constructor(port: number, listeners: readonly Listener[]) {
    this.port = port;
    this.#listeners = listeners;
  }

  /** `ports` undefined: no TCP at all. @throws {EtError} ET_ERR_STATE when a place cannot be had. */
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
    const unix = listenUnix(deps, where.socket, where.ownerId, {
      onCarrier: (carrier) => switchByFirstByte(carrier, deps.clock, targets),
      onTrouble,
    });
    const tcp =
      where.ports === undefined
        ? undefined
        : listenTcp(deps, [where.bind], where.ports, {
            onCarrier: (carrier) => targets.onLink(carrier),
            onTrouble,
          });
    // Beside each other: whoever starts a session waits for both.
    const outcomes = await Promise.allSettled([unix, tcp]);
    const listeners: Listener[] = [];
    for (const outcome of outcomes)
      if (outcome.status === 'fulfilled' && outcome.value !== undefined)
        listeners.push(outcome.value);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed === undefined) return new AcceptedRoads((await tcp)?.port ?? 0, listeners);
    await Promise.all(listeners.map((listener) => listener.close()));
    throw failed.reason;
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }
}

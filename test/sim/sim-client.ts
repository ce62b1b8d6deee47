import type { ClientKeys } from '../../src/backed/client-keys.ts';
import {
  type LinkDialOptions,
  type RunningHandshake,
  shakeHands,
} from '../../src/backed/link-dial.ts';
import type { DialResult, RunningDial, StartDial } from '../../src/backed/redialer.ts';
import type { SecureLink } from '../../src/backed/secure-link.ts';
import type { Session } from '../../src/backed/session.ts';
import type { SessionEnd } from '../../src/backed/session-events.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { EtError } from '../../src/base/errors.ts';
import type { Logger } from '../../src/base/logger.ts';
import { ClientSession } from '../../src/etclient/client-session.ts';
import type { Mux } from '../../src/mux/mux.ts';
import type { HandshakeContext, LinkCrypto } from '../../src/wire/link-crypto.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import type { SimNetwork } from './sim-network.ts';
import type { SimPath } from './sim-path.ts';
import type { SimReport } from './sim-report.ts';

export interface SimClientParts {
  readonly name: string;
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly crypto: LinkCrypto;
  readonly logger: Logger;
  readonly report: SimReport;
  readonly network: SimNetwork;
  readonly context: Omit<HandshakeContext, 'kind'>;
  readonly keys: ClientKeys;
  /** The way that the session's own dials take first. */
  readonly path: SimPath;
  /** With `--standby`: the roads, best first. */
  readonly standby: readonly SimPath[];
  readonly onEnd: (end: SessionEnd) => void;
}

/** A client process: the client's end of a session as it is shipped, and links beside the one that it keeps. */
export class SimClient {
  readonly own: ClientSession;
  readonly instance: Uint8Array;
  readonly network: SimNetwork;
  /** Where the next dial goes. */
  path: SimPath;
  end: SessionEnd | undefined;
  joinCount = 0;
  failedDialCount = 0;
  lastFailure: EtError | undefined;
  outageCount = 0;
  readonly #dialOptions: LinkDialOptions;
  readonly #extraDials = new Set<RunningDial>();

  constructor(parts: SimClientParts) {
    const { clock, random, crypto, logger, context, keys } = parts;
    this.network = parts.network;
    this.path = parts.path;
    this.instance = random.bytes(16);
    this.#dialOptions = {
      clock,
      crypto,
      context,
      routeId: () => new Uint8Array(16),
      instance: this.instance,
      keys,
      isNoRoute: () => false,
    };
    const made = new WeakMap<SecureLink, string>();
    const roads = parts.standby.map((path, index) => {
      const name = `way ${index}`;
      const start: StartDial = (done) =>
        this.#dial(path, (result) => {
          if (result.kind === 'link') made.set(result.link, name);
          done(result);
        });
      return { name, way: path.way, path, start };
    });
    const dial: StartDial = (done) =>
      roads.find(({ path }) => path === this.path)?.start(done) ?? this.#dial(this.path, done);
    const roadOf = (link: SecureLink): string => made.get(link) ?? 'way';
    // There is none that would be better.
    const plan = { dial, roads, roadOf, betterThan: () => undefined };
    const hasStandby = roads.length > 0;
    this.own = new ClientSession(
      { clock, random, logger, plan, hasStandby, keepaliveMs: undefined },
      {
        onFirstLink: () => undefined,
        onOutage: () => {
          this.outageCount += 1;
          parts.report.trace(`${parts.name}: outage`);
        },
        onRecovered: () => parts.report.trace(`${parts.name}: recovered`),
        onDialFailed: (error) => {
          this.failedDialCount += 1;
          this.lastFailure = error;
        },
        onEnd: (end) => {
          this.#onEnd(end);
          parts.onEnd(end);
        },
      },
    );
  }

  get session(): Session {
    return this.own.session;
  }

  get mux(): Mux {
    return this.own.mux;
  }

  /** A link beside the others, over `path`. */
  openExtra(path: SimPath): void {
    const dial = this.#dial(path, (result) => {
      this.#extraDials.delete(dial);
      if (result.kind === 'link') this.session.addLink(result.link);
    });
    this.#extraDials.add(dial);
  }

  #dial(path: SimPath, done: (result: DialResult) => void): RunningDial {
    let handshake: RunningHandshake | undefined;
    const dial = this.network.dial(this.#dialOptions.clock, path, (outcome) => {
      if ('kind' in outcome) {
        done({ kind: 'failed', error: outcome, noRoute: outcome.kind === 'no-route' });
        return;
      }
      const finish = (result: DialResult): void => {
        if (result.kind === 'link') this.joinCount += 1;
        done(result);
      };
      handshake = shakeHands(this.#dialOptions, outcome.client, finish);
    });
    return {
      cancel: () => {
        dial.cancel();
        handshake?.cancel();
      },
    };
  }

  #onEnd(end: SessionEnd): void {
    this.end = end;
    for (const dial of this.#extraDials) dial.cancel();
    this.#extraDials.clear();
  }
}

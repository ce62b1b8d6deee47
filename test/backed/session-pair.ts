import { Acceptor } from '../../src/backed/acceptor.ts';
import { ClientKeys } from '../../src/backed/client-keys.ts';
import { KeyRing } from '../../src/backed/key-ring.ts';
import { type LinkDialOptions, shakeHands } from '../../src/backed/link-dial.ts';
import { Session } from '../../src/backed/session.ts';
import type { SessionEnd } from '../../src/backed/session-events.ts';
import type { SessionLink } from '../../src/backed/session-link.ts';
import { type EtError, messageOf } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { linkCrypto } from '../../src/crypto/link-crypto.ts';
import type { Carrier } from '../../src/link/carrier.ts';
import { INSTANCE_ID_BYTES, ROUTE_ID_BYTES, SESSION_ID_BYTES } from '../../src/wire/limits.ts';
import type { LinkCrypto } from '../../src/wire/link-crypto.ts';
import { type MemoryPair, type MemoryPairOptions, makeMemoryPair } from '../support/memory-link.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { RoamingRoad } from './roaming-road.ts';
import { StreamScript } from './stream-script.ts';

export type LinkKind = Carrier['kind'];

/** One end of a session, and what its owner was told. */
export class SessionEndpoint {
  readonly session: Session;
  readonly script: StreamScript = new StreamScript();
  readonly log: string[] = [];
  end: SessionEnd | undefined;
  onLink: (event: string, link: SessionLink) => void = () => undefined;

  constructor(role: 'client' | 'server', clock: VirtualClock) {
    this.session = new Session(role, clock, silentLogger, {
      onLink: (event, link, error) => {
        this.log.push(`${event} ${link.id}${error === undefined ? '' : ` ${error.code}`}`);
        this.onLink(event, link);
      },
      onEnd: (end) => {
        this.end = end;
      },
    });
    this.session.attach(this.script);
    this.script.onReady = () => this.session.wake();
  }
}

/** A carrier pair, and the link on it once it has joined; `a` is the client's end. */
export interface Road {
  readonly pair: MemoryPair;
  link: SessionLink | undefined;
  failure: EtError | undefined;
}

export type RoadOptions = Partial<Omit<MemoryPairOptions, 'clock' | 'random'>>;

/** Two ends of one session in virtual time, with the shipped handshake and cryptography between them. */
export class SessionPair {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly client: SessionEndpoint;
  readonly server: SessionEndpoint;
  readonly acceptor: Acceptor;
  readonly keyRing: KeyRing;
  readonly keys: ClientKeys;
  readonly #dial: LinkDialOptions;

  constructor(
    seed = 1,
    crypto: LinkCrypto = linkCrypto(),
    clock: VirtualClock = new VirtualClock(),
    padBytes?: number,
  ) {
    this.clock = clock;
    this.random = new SeededRandom(seed);
    this.client = new SessionEndpoint('client', this.clock);
    this.server = new SessionEndpoint('server', this.clock);
    const passkey = this.random.bytes(32);
    this.keyRing = new KeyRing(passkey.slice(), this.random.bytes(32));
    this.keys = ClientKeys.fromPasskey(passkey);
    const context = { sessionId: this.random.bytes(SESSION_ID_BYTES), protocol: 1, features: [] };
    this.acceptor = new Acceptor(crypto, context, [this.keyRing], this.clock, silentLogger, {
      onJoin: (_instance, link) => this.server.session.addLink(link),
      instanceCount: 1,
      hasInstance: () => true,
    });
    this.#dial = {
      clock: this.clock,
      crypto,
      context,
      routeId: () => this.random.bytes(ROUTE_ID_BYTES),
      instance: this.random.bytes(INSTANCE_ID_BYTES),
      keys: this.keys,
      isNoRoute: () => false,
      padBytes,
    };
  }

  get ends(): readonly [SessionEndpoint, SessionEndpoint] {
    return [this.client, this.server];
  }

  /** Dials over a wire with these faults. */
  connect(options: RoadOptions = {}): Road {
    const { clock, random } = this;
    const pair = makeMemoryPair({ kind: 'bytes', ...options, clock, random });
    const road: Road = { pair, link: undefined, failure: undefined };
    this.acceptor.accept(pair.b);
    shakeHands(this.#dial, pair.a, (result) => {
      if (result.kind === 'failed') road.failure = result.error;
      else road.link = this.client.session.addLink(result.link);
    });
    return road;
  }

  /** Dials over a road whose client moves, and lets time pass until the link has joined at both ends. */
  roam(rttMs: number): { readonly road: RoamingRoad; readonly link: SessionLink } {
    const road = new RoamingRoad(this.clock, rttMs, (carrier) => this.acceptor.accept(carrier));
    let link: SessionLink | undefined;
    shakeHands(this.#dial, road.carrier, (result) => {
      if (result.kind === 'link') link = this.client.session.addLink(result.link);
    });
    this.runUntil(() => link !== undefined && this.server.session.links.count > 0, 20_000);
    if (link === undefined) throw new Error('no link');
    return { road, link };
  }

  /** As `connect`, and lets time pass until the link has joined at both ends. */
  join(options: RoadOptions = {}): Road & { readonly link: SessionLink } {
    const road = this.connect(options);
    const isJoined = (): boolean =>
      road.link !== undefined && this.server.session.links.get(road.link.id) !== undefined;
    this.runUntil(isJoined, 20_000);
    const { link } = road;
    if (link === undefined) throw new Error(`no link: ${messageOf(road.failure)}`);
    return { ...road, link };
  }

  /** Lets time pass until `isDone`; throws after `maxMs`. */
  runUntil(isDone: () => boolean, maxMs = 60_000): void {
    const untilMs = this.clock.now() + maxMs;
    while (!isDone()) {
      const dueMs = this.clock.nextDueMs;
      if (dueMs === undefined || dueMs > untilMs) throw new Error(`not done after ${maxMs} ms`);
      this.clock.step();
    }
  }

  /** Ends both ends; returns the timers that are left. */
  finish(): number {
    this.client.session.end(0, '');
    this.clock.advance(0);
    this.server.session.end(0, '');
    this.acceptor.close();
    this.clock.advance(1000);
    return this.clock.pending;
  }
}

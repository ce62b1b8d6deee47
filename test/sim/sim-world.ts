import { ClientKeys } from '../../src/backed/client-keys.ts';
import type { Session } from '../../src/backed/session.ts';
import type { SessionEnd } from '../../src/backed/session-events.ts';
import { toHex } from '../../src/base/bytes.ts';
import type { EtError } from '../../src/base/errors.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { IncomingOpen } from '../../src/mux/channel.ts';
import { Mux } from '../../src/mux/mux.ts';
import type { LinkCrypto } from '../../src/wire/link-crypto.ts';
import { fakeLinkCrypto } from '../support/fake-link-crypto.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { checkInvariants } from './check-invariants.ts';
import { describeSession } from './describe-session.ts';
import { SimClient } from './sim-client.ts';
import { SimNetwork } from './sim-network.ts';
import type { SimPath } from './sim-path.ts';
import { SimReport } from './sim-report.ts';
import { SimServer } from './sim-server.ts';
import { SleepyClock } from './sleepy-clock.ts';

export interface WorldOptions {
  readonly random: SeededRandom;
  readonly trace?: ((line: string) => void) | undefined;
  /** Default: the fake one. */
  readonly crypto?: LinkCrypto | undefined;
}

/** The server's end of one client's session. */
export interface ServerSide {
  readonly session: Session;
  readonly mux: Mux;
}

/** One client process, its machine's clock, and its session at the server. */
export interface Attached {
  readonly name: string;
  readonly client: SimClient;
  readonly clock: SleepyClock;
  /** There once the client has joined. */
  server: ServerSide | undefined;
  /** Called when it is there. */
  readonly whenServed: ((side: ServerSide) => void)[];
  /** The server is asked for a channel. */
  onOpen: (incoming: IncomingOpen) => void;
}

/** Between two looks at the invariants, in events. */
const LOOK_EVERY = 16;
/** An event storm that time does not pass in is a bug. */
const MAX_EVENTS_AT_ONCE = 100_000;
/** What a link may be lost by: the network, and bytes changed on the way. */
const HARMLESS_CODES = new Set(['ET_ERR_CARRIER', 'ET_ERR_RECORD_SEAL', 'ET_ERR_RECORD_SIZE']);

/** A server, its clients, the network between them, and virtual time. */
export class SimWorld {
  readonly clock: VirtualClock = new VirtualClock();
  readonly random: SeededRandom;
  readonly report: SimReport;
  readonly network: SimNetwork;
  readonly server: SimServer;
  readonly attached: Attached[] = [];
  readonly #crypto: LinkCrypto;
  readonly #context;
  readonly #passkey: Uint8Array;
  readonly #root: Uint8Array;
  #events = 0;
  #eventsAtOnce = 0;

  constructor(options: WorldOptions) {
    const { random, trace } = options;
    this.random = random;
    this.report = new SimReport(() => this.clock.now(), trace);
    this.#crypto = options.crypto ?? fakeLinkCrypto(random);
    this.#context = { sessionId: random.bytes(16), protocol: 1, features: [] };
    this.#passkey = random.bytes(32);
    this.#root = random.bytes(32);
    this.network = new SimNetwork(this);
    this.server = new SimServer({
      clock: this.clock,
      crypto: this.#crypto,
      logger: this.#logger('server'),
      context: this.#context,
      passkey: this.#passkey.slice(),
      root: this.#root,
      onSession: (session, instance) => this.#onSession(session, instance),
      onEnd: (instance, end) => this.#onServerEnd(instance, end),
      onLinkLost: (error) => this.#judgeLoss('server', error),
    });
    this.network.onAccept = (carrier) => this.server.acceptor.accept(carrier);
  }

  get eventCount(): number {
    return this.#events;
  }

  /** A client process. The first one has the passkey; another has the root, as one that resumes. */
  attach(path: SimPath, standby: readonly SimPath[] = []): Attached {
    const name = `client${this.attached.length}`;
    const clock = new SleepyClock(this.clock);
    const keys =
      this.attached.length === 0
        ? ClientKeys.fromPasskey(this.#passkey.slice())
        : ClientKeys.fromRoot(this.#root.slice());
    const client = new SimClient({
      name,
      clock,
      random: this.random,
      crypto: this.#crypto,
      logger: this.#logger(name),
      report: this.report,
      network: this.network,
      context: this.#context,
      keys,
      path,
      standby,
      onEnd: (end) => this.#judgeEnd(name, end),
    });
    const attached: Attached = {
      name,
      client,
      clock,
      server: undefined,
      whenServed: [],
      onOpen: (incoming) => incoming.refuse(1, ''),
    };
    this.attached.push(attached);
    return attached;
  }

  /** Lets time pass until `untilMs`, or until `isDone` or a failure; says whether `isDone`. */
  runUntil(untilMs: number, isDone: () => boolean = () => false): boolean {
    const { clock, report } = this;
    for (;;) {
      if (report.failure !== undefined) return false;
      if (isDone()) return true;
      const dueMs = clock.nextDueMs;
      if (dueMs === undefined || dueMs > untilMs) break;
      this.#countEvent(dueMs);
      try {
        clock.step();
      } catch (thrown) {
        report.fail(thrown instanceof Error ? `${thrown.stack}` : String(thrown));
      }
      if (this.#events % LOOK_EVERY === 0) this.#look();
    }
    clock.advanceTo(untilMs);
    return isDone();
  }

  run(ms: number, isDone?: () => boolean): boolean {
    return this.runUntil(this.clock.now() + ms, isDone);
  }

  /** Traces the state of every session. */
  describe(): void {
    for (const { client, server } of this.attached) {
      const lines = [
        ...describeSession('client', client.session, this.clock.now()),
        ...(server === undefined
          ? []
          : describeSession('server', server.session, this.clock.now())),
      ];
      for (const line of lines) this.report.trace(line);
    }
  }

  #countEvent(dueMs: number): void {
    this.#events += 1;
    this.#eventsAtOnce = dueMs > this.clock.now() ? 0 : this.#eventsAtOnce + 1;
    if (this.#eventsAtOnce > MAX_EVENTS_AT_ONCE) this.report.fail('time stands still');
  }

  #look(): void {
    for (const { client, server } of this.attached) {
      if (server === undefined || client.session.isOver || server.session.isOver) continue;
      const problem = checkInvariants(client, server);
      if (problem !== undefined) this.report.fail(problem);
    }
  }

  #onSession(session: Session, instance: string): void {
    const attached = this.#find(instance);
    if (attached === undefined) {
      this.report.fail('a session for a client that is none');
      return;
    }
    if (attached.server !== undefined) this.report.fail('a second session for one client');
    const mux = new Mux({
      role: 'server',
      clock: this.clock,
      transport: session,
      hasDatagrams: false,
      events: { onOpen: (incoming) => attached.onOpen(incoming) },
    });
    session.attach(mux);
    attached.server = { session, mux };
    for (const listener of attached.whenServed) listener(attached.server);
  }

  #onServerEnd(instance: string, end: SessionEnd): void {
    this.#judgeEnd('server', end);
    this.#find(instance)?.server?.mux.close();
  }

  #find(instance: string): Attached | undefined {
    return this.attached.find(({ client }) => toHex(client.instance) === instance);
  }

  /** No network, and no stranger, ends a session. */
  #judgeEnd(name: string, end: SessionEnd): void {
    if (end.kind === 'failed') {
      this.report.fail(`${name}: session failed by ${end.error.code}: ${end.error.stack}`);
    } else if (end.code !== 0) {
      this.report.fail(`${name}: session ended with ${end.code}: ${end.text}`);
    }
  }

  /** Our own bytes, unchanged, must never look wrong to the other end. */
  #judgeLoss(name: string, error: EtError | undefined): void {
    if (error === undefined || HARMLESS_CODES.has(error.code)) return;
    this.report.fail(`${name} lost a link by ${error.code}: ${error.message}`);
  }

  #logger(name: string): Logger {
    return {
      level: this.report.isTracing ? 3 : 0,
      log: (_, message) => this.report.trace(`${name}: ${message}`),
    };
  }
}

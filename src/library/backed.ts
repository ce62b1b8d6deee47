import type { Duplex } from 'node:stream';
import { Acceptor } from '../backed/acceptor.ts';
import { ClientKeys } from '../backed/client-keys.ts';
import { KeyRing } from '../backed/key-ring.ts';
import { type LinkDialOptions, linkDial } from '../backed/link-dial.ts';
import { DEFAULT_RECONNECT } from '../backed/reconnect.ts';
import { Redialer } from '../backed/redialer.ts';
import { Session } from '../backed/session.ts';
import type { SessionLink } from '../backed/session-link.ts';
import { SystemClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { systemRandom } from '../base/random.ts';
import { linkCrypto } from '../crypto/link-crypto.ts';
import type { Carrier } from '../link/carrier.ts';
import { StdioCarrier } from '../link/stdio-carrier.ts';
import { ChannelDuplex } from '../mux/channel-duplex.ts';
import { Mux } from '../mux/mux.ts';
import {
  INSTANCE_ID_BYTES,
  PROTOCOL_VERSION,
  ROUTE_ID_BYTES,
  SECRET_BYTES,
  SESSION_ID_BYTES,
} from '../wire/limits.ts';
import { REASON } from '../wire/messages.ts';

/** The channel of a resumable stream; one a session. */
const KIND = 'duplex';

/** Both ends know the secret beforehand, so a session needs no id of its own. */
const CONTEXT = {
  sessionId: new Uint8Array(SESSION_ID_BYTES),
  protocol: PROTOCOL_VERSION,
  features: [],
};

export interface ResumableOptions {
  /** 32 random bytes that both ends have; whoever has them can connect. */
  readonly secret: Uint8Array;
  /** Makes a connection to the other end: a socket that is connecting, or any byte stream. Called again whenever one is lost. */
  readonly connect: () => Duplex;
}

/**
 * A `Duplex` that survives its connections. It dials whenever it has none, for ever; bytes written meanwhile wait (with
 * backpressure), and every byte arrives once, in order. It ends when either side ends or destroys it.
 *
 * @throws {EtError} ET_ERR_USAGE when the secret is not 32 bytes long
 */
export class ResumableDuplex extends ChannelDuplex {
  constructor({ secret, connect }: ResumableOptions) {
    super();
    const clock = new SystemClock();
    const dialOptions: LinkDialOptions = {
      clock,
      crypto: linkCrypto(),
      context: CONTEXT,
      routeId: () => new Uint8Array(ROUTE_ID_BYTES),
      instance: systemRandom.bytes(INSTANCE_ID_BYTES),
      keys: ClientKeys.fromRoot(secret),
      isNoRoute: () => false,
    };
    const session = new Session('client', clock, silentLogger, {
      onLink: (event, link) => onLink(redialer, session, event, link),
      onEnd: (end) => {
        redialer.stop();
        mux.close(end.kind === 'failed' ? end.error : undefined);
      },
    });
    const mux: Mux = new Mux({
      role: 'client',
      clock,
      transport: session,
      hasDatagrams: false,
      events: { onOpen: (open) => open.refuse(REASON.unknownKind, '') },
    });
    session.attach(mux);
    const dial = linkDial(dialOptions, async () => carrierOf(clock, connect()));
    const redialer = new Redialer(clock, systemRandom, DEFAULT_RECONNECT, dial, {
      onLink: (link) => session.addLink(link),
      onFail: () => undefined,
    });
    this.attach(mux.open({ kind: KIND, metadata: {}, priority: 'interactive' }, this));
    this.once('close', () => clock.schedule(0, () => session.end(0, '')));
    redialer.onLost();
  }
}

function onLink(redialer: Redialer, session: Session, event: string, link: SessionLink): void {
  if (event === 'joined') {
    for (const other of session.links) if (other !== link) session.dropLink(other);
  } else if (session.links.hasTrusted) {
    if (event === 'revived') redialer.onRevived();
  } else if (session.links.count === 0) redialer.onLost();
  else redialer.onSuspect();
}

export interface ResumableListenerOptions {
  /** The same 32 bytes as at the other end. */
  readonly secret: Uint8Array;
  /** A client that was not there before; it is the same stream when that client comes back over another connection. */
  readonly onConnection: (stream: Duplex) => void;
}

/** The other end of `ResumableDuplex`: hand it every connection that comes in. */
export class ResumableListener {
  readonly #acceptor: Acceptor;
  readonly #clock = new SystemClock();
  readonly #sessions = new Map<string, Session>();
  readonly #onConnection: (stream: Duplex) => void;

  /** @throws {EtError} ET_ERR_USAGE when the secret is not 32 bytes long */
  constructor({ secret, onConnection }: ResumableListenerOptions) {
    this.#onConnection = onConnection;
    const keys = new KeyRing(undefined, copyOfSecret(secret));
    const sessions = this.#sessions;
    this.#acceptor = new Acceptor(linkCrypto(), CONTEXT, keys, this.#clock, silentLogger, {
      onJoin: (instance, link) => this.#sessionOf(instance).addLink(link),
      get instanceCount() {
        return sessions.size;
      },
      hasInstance: (instance) => sessions.has(instance),
    });
  }

  /** Takes a connection that has come in; one that does not know the secret is refused and ended. */
  accept(connection: Duplex): void {
    this.#acceptor.accept(carrierOf(this.#clock, connection));
  }

  /** Ends every session; their streams are destroyed at both ends. */
  close(): void {
    this.#acceptor.close();
    for (const session of this.#sessions.values()) session.end(0, 'closed');
  }

  #sessionOf(instance: string): Session {
    const known = this.#sessions.get(instance);
    if (known !== undefined) return known;
    const session: Session = new Session('server', this.#clock, silentLogger, {
      onLink: () => undefined,
      onEnd: (end) => {
        this.#sessions.delete(instance);
        mux.close(end.kind === 'failed' ? end.error : undefined);
      },
    });
    const mux: Mux = new Mux({
      role: 'server',
      clock: this.#clock,
      transport: session,
      hasDatagrams: false,
      events: {
        onOpen: (incoming) => {
          if (incoming.kind !== KIND) {
            incoming.refuse(REASON.unknownKind, '');
            return;
          }
          const stream = new ChannelDuplex();
          stream.attach(incoming.accept({}, stream, { priority: 'interactive' }));
          this.#onConnection(stream);
        },
      },
    });
    session.attach(mux);
    this.#sessions.set(instance, session);
    return session;
  }
}

function copyOfSecret(secret: Uint8Array): Uint8Array {
  const copy = new Uint8Array(SECRET_BYTES);
  copy.set(secret.subarray(0, SECRET_BYTES));
  return copy;
}

function carrierOf(clock: SystemClock, stream: Duplex): Carrier {
  return new StdioCarrier(clock, { label: 'stream', readable: stream, writable: stream });
}

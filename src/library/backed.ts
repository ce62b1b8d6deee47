import type { Duplex } from 'node:stream';
import { Acceptor } from '../backed/acceptor.ts';
import { ClientKeys } from '../backed/client-keys.ts';
import { KeyRing } from '../backed/key-ring.ts';
import { type LinkDialOptions, linkDial } from '../backed/link-dial.ts';
import { DEFAULT_RECONNECT } from '../backed/reconnect.ts';
import { Redialer } from '../backed/redialer.ts';
import type { SecureLink } from '../backed/secure-link.ts';
import { Session } from '../backed/session.ts';
import type { SessionEnd } from '../backed/session-events.ts';
import type { SessionLink } from '../backed/session-link.ts';
import { SystemClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { systemRandom } from '../base/random.ts';
import { linkCrypto } from '../crypto/link-crypto.ts';
import type { Carrier } from '../link/carrier.ts';
import { StdioCarrier } from '../link/stdio-carrier.ts';
import { Mux } from '../mux/mux.ts';
import { BYE } from '../wire/frames.ts';
import {
  INSTANCE_ID_BYTES,
  PROTOCOL_VERSION,
  ROUTE_ID_BYTES,
  SECRET_BYTES,
  SESSION_ID_BYTES,
} from '../wire/limits.ts';
import { REASON } from '../wire/messages.ts';
import { ResumableStream } from './resumable-stream.ts';

/** The channel of a resumable stream; one a session. */
const KIND = 'duplex';

/** Both ends know the secret beforehand, so a session needs no id of its own. */
const CONTEXT = {
  sessionId: new Uint8Array(SESSION_ID_BYTES),
  protocol: PROTOCOL_VERSION,
  features: [],
};

/** For a peer that is on another network in a moment, or whose router starts again; in milliseconds. */
const DEFAULT_LINGER_MS = 600_000;
/** Streams that are over, remembered for peers that come back without having heard of it. */
const MAX_REMEMBERED = 64;

export interface ResumableOptions {
  /** 32 random bytes that both ends have; whoever has them can connect. */
  readonly secret: Uint8Array;
  /** Makes a connection to the other end: a socket that is connecting, or any byte stream. Called again whenever one is lost. */
  readonly connect: () => Duplex;
  /**
   * Once both directions have ended here, the other end is waited for as long as this where it is away and has not said that it has
   * everything, in milliseconds; then the stream is destroyed with ET_ERR_SESSION_GONE. Default 600,000.
   */
  readonly lingerMs?: number;
}

/**
 * A `Duplex` that survives its connections. It dials whenever it has none, for ever; bytes written meanwhile wait (with
 * backpressure), and every byte arrives once, in order. `finish` says that all that was written is at the other end. It is over when both
 * sides have ended, or one destroys it.
 *
 * @throws {EtError} ET_ERR_USAGE when the secret is not 32 bytes long
 */
export class ResumableDuplex extends ResumableStream {
  constructor({ secret, connect, lingerMs = DEFAULT_LINGER_MS }: ResumableOptions) {
    super();
    const clock = new SystemClock();
    const dialOptions: LinkDialOptions = {
      clock,
      crypto: linkCrypto(),
      context: CONTEXT,
      routeId: () => new Uint8Array(ROUTE_ID_BYTES),
      instance: systemRandom.bytes(INSTANCE_ID_BYTES),
      keys: ClientKeys.fromRoot(secret),
      // A socket may still be connecting when it is given the hello: that is a round trip more, or several with TLS.
      handshakeMs: DEFAULT_RECONNECT.patientMs,
      isNoRoute: () => false,
    };
    const session = new Session('client', clock, silentLogger, {
      onLink: (event, link) => onLink(redialer, session, event, link),
      onQuiet: () => this.onQuiet(),
      onEnd: (end) => {
        redialer.stop();
        mux.close(end.kind === 'failed' ? end.error : undefined);
        this.onSessionEnd(end);
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
    this.settleIn({ clock, session, mux, lingerMs });
    this.attach(mux.open({ kind: KIND, metadata: {}, priority: 'interactive' }, this));
    redialer.onLost();
  }
}

function onLink(redialer: Redialer, session: Session, event: string, link: SessionLink): void {
  if (event === 'joined') {
    for (const other of session.links) if (other !== link) session.dropLink(other);
  } else if (session.links.hasTrusted) {
    if (event === 'revived') redialer.onRevived();
  } else if (session.links.count === 0) redialer.onLost(link.hasCarried);
  else redialer.onSuspect();
}

export interface ResumableListenerOptions {
  /** The same 32 bytes as at the other end. */
  readonly secret: Uint8Array;
  /** A client that was not there before; it is the same stream when that client comes back over another connection. */
  readonly onConnection: (stream: Duplex) => void;
  /** As for the other end. */
  readonly lingerMs?: number;
}

/** A client, and its stream once it has asked for it. */
interface Served {
  readonly session: Session;
  stream: ResumableStream | undefined;
}

/** The other end of `ResumableDuplex`: hand it every connection that comes in. */
export class ResumableListener {
  readonly #acceptor: Acceptor;
  readonly #clock = new SystemClock();
  readonly #sessions = new Map<string, Served>();
  /** How the streams ended that are over. */
  readonly #ended = new Map<string, number>();
  readonly #onConnection: (stream: Duplex) => void;
  readonly #lingerMs: number;

  /** @throws {EtError} ET_ERR_USAGE when the secret is not 32 bytes long */
  constructor({ secret, onConnection, lingerMs = DEFAULT_LINGER_MS }: ResumableListenerOptions) {
    this.#onConnection = onConnection;
    this.#lingerMs = lingerMs;
    const keys = new KeyRing(undefined, copyOfSecret(secret));
    const sessions = this.#sessions;
    this.#acceptor = new Acceptor(linkCrypto(), CONTEXT, [keys], this.#clock, silentLogger, {
      onJoin: (instance, link) => this.#join(instance, link),
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

  /** Streams are destroyed at both ends, but for those that have ended: they wait until all of it is at the other end. */
  close(): void {
    this.#acceptor.close();
    for (const { session, stream } of this.#sessions.values())
      if (stream?.isLingering !== true) session.end(BYE.failed, 'closed');
  }

  #join(instance: string, link: SecureLink): void {
    const code = this.#ended.get(instance);
    const { session } = this.#sessions.get(instance) ?? this.#start(instance);
    session.addLink(link);
    if (code !== undefined) session.end(code, 'the stream is over');
  }

  #start(instance: string): Served {
    const session: Session = new Session('server', this.#clock, silentLogger, {
      onLink: (_event, _link, error) => {
        // It speaks of a stream of which nothing is known here, as after another process has begun to listen.
        if (error?.code === 'ET_ERR_RESUME' && served.stream === undefined)
          session.end(BYE.failed, '');
      },
      onQuiet: () => served.stream?.onQuiet(),
      onEnd: (end) => {
        this.#sessions.delete(instance);
        this.#remember(instance, end);
        mux.close(end.kind === 'failed' ? end.error : undefined);
        served.stream?.onSessionEnd(end);
      },
    });
    const mux: Mux = new Mux({
      role: 'server',
      clock: this.#clock,
      transport: session,
      hasDatagrams: false,
      events: {
        onOpen: (incoming) => {
          if (incoming.kind !== KIND || served.stream !== undefined) {
            incoming.refuse(REASON.unknownKind, '');
            return;
          }
          const stream = new ResumableStream();
          served.stream = stream;
          stream.settleIn({ clock: this.#clock, session, mux, lingerMs: this.#lingerMs });
          stream.attach(incoming.accept({}, stream, { priority: 'interactive' }));
          this.#onConnection(stream);
        },
      },
    });
    session.attach(mux);
    const served: Served = { session, stream: undefined };
    this.#sessions.set(instance, served);
    return served;
  }

  /** The BYE may have been lost: who comes back is told again. */
  #remember(instance: string, end: SessionEnd): void {
    this.#ended.set(instance, end.kind === 'bye' ? end.code : BYE.failed);
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= MAX_REMEMBERED) break;
      this.#ended.delete(oldest);
    }
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

import { Acceptor } from '../../src/backed/acceptor.ts';
import { KeyRing } from '../../src/backed/key-ring.ts';
import type { SecureLink } from '../../src/backed/secure-link.ts';
import { Session } from '../../src/backed/session.ts';
import type { SessionEnd } from '../../src/backed/session-events.ts';
import { toHex } from '../../src/base/bytes.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { EtError } from '../../src/base/errors.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { HandshakeContext, LinkCrypto } from '../../src/wire/link-crypto.ts';

export interface SimServerParts {
  readonly clock: Clock;
  readonly crypto: LinkCrypto;
  readonly logger: Logger;
  readonly context: Omit<HandshakeContext, 'kind'>;
  readonly passkey: Uint8Array;
  readonly root: Uint8Array;
  /** A client process has come for the first time. */
  readonly onSession: (session: Session, instance: string) => void;
  readonly onEnd: (instance: string, end: SessionEnd) => void;
  readonly onLinkLost: (error: EtError | undefined) => void;
}

/** A server process: it lets clients in, and holds one session for each. */
export class SimServer {
  readonly acceptor: Acceptor;
  readonly keys: KeyRing;
  readonly sessions: Map<string, Session> = new Map();
  readonly #over = new Set<string>();
  readonly #parts: SimServerParts;

  constructor(parts: SimServerParts) {
    this.#parts = parts;
    this.keys = new KeyRing(parts.passkey, parts.root);
    const { crypto, context, clock, logger } = parts;
    const { sessions } = this;
    this.acceptor = new Acceptor(crypto, context, [this.keys], clock, logger, {
      onJoin: (instance, link) => this.#join(instance, link),
      hasInstance: (instance) => sessions.has(instance),
      get instanceCount() {
        return sessions.size;
      },
    });
  }

  sessionOf(instance: Uint8Array): Session | undefined {
    return this.sessions.get(toHex(instance));
  }

  close(): void {
    this.acceptor.close();
    for (const session of this.sessions.values()) session.end(0, 'server ends');
  }

  #join(instance: string, link: SecureLink): void {
    // A session that is over does not begin again: its offsets are gone.
    if (this.#over.has(instance)) link.reset();
    else (this.sessions.get(instance) ?? this.#begin(instance)).addLink(link);
  }

  #begin(instance: string): Session {
    const { clock, logger, onEnd, onLinkLost, onSession } = this.#parts;
    const session = new Session('server', clock, logger, {
      onLink: (event, _, error) => {
        if (event === 'lost') onLinkLost(error);
      },
      onEnd: (end) => {
        this.sessions.delete(instance);
        this.#over.add(instance);
        onEnd(instance, end);
      },
    });
    this.sessions.set(instance, session);
    onSession(session, instance);
    return session;
  }
}

import type { KeyRing } from '../backed/key-ring.ts';
import type { SecureLink } from '../backed/secure-link.ts';
import { Session } from '../backed/session.ts';
import type { SessionEnd } from '../backed/session-events.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { IncomingOpen } from '../mux/channel.ts';
import { Mux } from '../mux/mux.ts';

export interface ServerSessionEvents {
  /** The client asks for a channel. */
  onOpen(session: ServerSession, incoming: IncomingOpen): void;
  /** The first link joined, or the last one was lost; a suspect link is none. */
  onPresence(session: ServerSession): void;
  /** It is about to end: what it knows of its client is still there. */
  onEnding(session: ServerSession): void;
  onEnd(session: ServerSession, end: SessionEnd): void;
}

/** One client process's session, at the server. */
export class ServerSession {
  readonly instance: string;
  readonly session: Session;
  readonly mux: Mux;
  /** The keys that its client came with last. */
  keys: KeyRing;
  /** Its client has looked at what is kept, and asked for nothing else. */
  isVisitor = false;
  #wasPresent = false;

  constructor(
    instance: string,
    keys: KeyRing,
    clock: Clock,
    logger: Logger,
    events: ServerSessionEvents,
  ) {
    this.instance = instance;
    this.keys = keys;
    this.session = new Session('server', clock, logger, {
      onLink: () => {
        if (!this.#notePresence()) return;
        events.onPresence(this);
      },
      onEnd: (end) => {
        events.onEnding(this);
        this.#notePresence();
        if (end.kind === 'failed') this.mux.close(end.error);
        else this.mux.close();
        events.onEnd(this, end);
      },
    });
    this.mux = new Mux({
      role: 'server',
      clock,
      transport: this.session,
      events: { onOpen: (incoming) => events.onOpen(this, incoming) },
    });
    this.session.attach(this.mux);
  }

  /** A link is there that is not known to be silent. */
  get isPresent(): boolean {
    return this.session.links.hasTrusted;
  }

  /** Something for the client waits to be sent, or to be acknowledged. */
  get hasUndelivered(): boolean {
    const { mux, session } = this;
    return mux.ready !== 0 || mux.bufferedBytes > 0 || session.unacknowledgedBytes > 0;
  }

  /** How fast the client is reached, for the terminal's look-ahead. */
  get bytesPerMs(): number | undefined {
    return this.session.links.best?.bytesPerMs;
  }

  addLink(link: SecureLink): void {
    this.session.addLink(link);
  }

  /** True when it has changed. */
  #notePresence(): boolean {
    const isPresent = this.isPresent && !this.session.isOver;
    if (isPresent === this.#wasPresent) return false;
    this.#wasPresent = isPresent;
    return true;
  }
}

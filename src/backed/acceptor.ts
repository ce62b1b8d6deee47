import { toHex } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Carrier } from '../link/carrier.ts';
import { MAX_HALF_OPEN_HANDSHAKES, MAX_INSTANCES } from '../wire/limits.ts';
import type { HandshakeContext, HelloPayload, LinkCrypto } from '../wire/link-crypto.ts';
import { DialWindow } from './dial-window.ts';
import { type Answered, HandshakeServer } from './handshake-server.ts';
import type { KeyRing } from './key-ring.ts';
import type { SecureLink } from './secure-link.ts';

/** Carriers that have not joined; the oldest gives way. A stranger's wait costs 1,400 bytes. */
const MAX_WAITING = 256;
/** Client processes whose dial numbers are remembered, also after they have ended. */
const MAX_REMEMBERED = 64;

interface Judged {
  readonly answered: Answered;
  readonly ring: KeyRing;
}

export interface AcceptorEvents {
  /**
   * A link has joined for the client process `instance` (32 hexadecimal digits), under `keys`. Its first record follows at once.
   */
  onJoin(instance: string, link: SecureLink, keys: KeyRing): void;
  /** How many client processes have a session now. */
  readonly instanceCount: number;
  hasInstance(instance: string): boolean;
  /** Whether these keys are good for this client process; without it they always are. */
  isGood?(keys: KeyRing, instance: string): boolean;
}

/**
 * Lets authentic clients in and tells strangers nothing.
 *
 * Between any two calls: at most 256 carriers wait, at most 8 of them answered; nothing is kept for a stranger
 * once its carrier is over.
 */
export class Acceptor {
  readonly #crypto: LinkCrypto;
  readonly #context: Omit<HandshakeContext, 'kind'>;
  readonly #keys: Iterable<KeyRing>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #events: AcceptorEvents;
  readonly #waiting = new Set<HandshakeServer>();
  readonly #windows = new Map<string, DialWindow>();

  constructor(
    crypto: LinkCrypto,
    context: Omit<HandshakeContext, 'kind'>,
    keys: Iterable<KeyRing>,
    clock: Clock,
    logger: Logger,
    events: AcceptorEvents,
  ) {
    this.#crypto = crypto;
    this.#context = context;
    this.#keys = keys;
    this.#clock = clock;
    this.#logger = logger;
    this.#events = events;
  }

  /** Carriers that have not joined. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  accept(carrier: Carrier): void {
    if (this.#waiting.size >= MAX_WAITING) this.#dropOldest((waiting) => !waiting.isHalfOpen);
    let keys: KeyRing | undefined;
    const handshake: HandshakeServer = new HandshakeServer(carrier, this.#clock, {
      onHello: (bytes) => {
        const judged = this.#judge(bytes, carrier.kind);
        keys = judged?.ring;
        return judged?.answered;
      },
      onJoin: (link, payload) => {
        this.#waiting.delete(handshake);
        if (keys !== undefined) this.#join(link, payload, keys);
      },
      onOver: () => this.#waiting.delete(handshake),
    });
    this.#waiting.add(handshake);
  }

  /** Ends every carrier that has not joined. */
  close(): void {
    for (const handshake of this.#waiting) handshake.drop();
    this.#waiting.clear();
  }

  #judge(hello: Uint8Array, kind: 'bytes' | 'datagrams'): Judged | undefined {
    const found = this.#read(hello, kind);
    if (found === undefined) return undefined;
    const { handshake, ring } = found;
    const { payload } = handshake;
    const instance = toHex(payload.instance);
    if (this.#events.isGood?.(ring, instance) === false) return undefined;
    if (!this.#events.hasInstance(instance) && this.#events.instanceCount >= MAX_INSTANCES) {
      this.#logger.log(1, `a client was refused: ${MAX_INSTANCES} are attached already`);
      return undefined;
    }
    // Before any Diffie-Hellman: a recorded hello costs one symmetric opening, however often it is sent.
    if (!this.#windowOf(instance).accept(payload.dialNumber)) return undefined;
    this.#limitHalfOpen();
    return { ring, answered: { ...handshake.answer(ring.root), payload } };
  }

  /** The keys that the hello was made under: there are few, and to try one costs no Diffie-Hellman. */
  #read(hello: Uint8Array, kind: 'bytes' | 'datagrams') {
    const context = { ...this.#context, kind };
    for (const ring of this.#keys) {
      const handshake = this.#crypto.readHello(context, (key) => ring.secretOf(key), hello);
      if (handshake !== undefined) return { handshake, ring };
    }
    return undefined;
  }

  #join(link: SecureLink, payload: HelloPayload, keys: KeyRing): void {
    keys.forgetPasskey();
    this.#events.onJoin(toHex(payload.instance), link, keys);
  }

  #windowOf(instance: string): DialWindow {
    const known = this.#windows.get(instance);
    if (known !== undefined) return known;
    if (this.#windows.size >= MAX_REMEMBERED) this.#forgetOldestWindow();
    const window = new DialWindow();
    this.#windows.set(instance, window);
    return window;
  }

  #forgetOldestWindow(): void {
    for (const instance of this.#windows.keys()) {
      if (this.#events.hasInstance(instance)) continue;
      this.#windows.delete(instance);
      return;
    }
  }

  /** Only an authentic client gets this far, so the oldest attempt is one it has given up. */
  #limitHalfOpen(): void {
    let halfOpen = 0;
    for (const handshake of this.#waiting) if (handshake.isHalfOpen) halfOpen += 1;
    if (halfOpen >= MAX_HALF_OPEN_HANDSHAKES) this.#dropOldest((waiting) => waiting.isHalfOpen);
  }

  #dropOldest(which: (handshake: HandshakeServer) => boolean): void {
    for (const handshake of this.#waiting) {
      if (!which(handshake)) continue;
      handshake.drop();
      this.#waiting.delete(handshake);
      return;
    }
  }
}

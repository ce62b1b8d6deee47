import { Acceptor } from '../../src/backed/acceptor.ts';
import { ClientKeys } from '../../src/backed/client-keys.ts';
import { KeyRing } from '../../src/backed/key-ring.ts';
import { shakeHands } from '../../src/backed/link-dial.ts';
import { Session } from '../../src/backed/session.ts';
import { concatBytes, copyOf } from '../../src/base/bytes.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { ephemeralKeyFrom } from '../../src/crypto/ephemeral-key.ts';
import { linkCrypto } from '../../src/crypto/link-crypto.ts';
import { recordCipher } from '../../src/crypto/record-cipher.ts';
import type { Carrier } from '../../src/link/carrier.ts';
import { Mux } from '../../src/mux/mux.ts';
import type { LinkCrypto } from '../../src/wire/link-crypto.ts';
import { TappedCarrier } from '../sim/tapped-carrier.ts';
import { makeMemoryPair } from '../support/memory-link.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { type ChannelLog, logIncoming } from './channel-log.ts';

/** One link as a thief would have recorded it, and every secret that there was. */
export interface RecordedLink {
  /** What the client and the server wrote: hello or answer, then records. */
  readonly client: Uint8Array;
  readonly server: Uint8Array;
  readonly secrets: {
    readonly session: Uint8Array;
    readonly passkey: Uint8Array;
    readonly root: Uint8Array;
    readonly clientEphemeral: Uint8Array;
    readonly serverEphemeral: Uint8Array;
    /** Of client to server, and back. */
    readonly k1: Uint8Array;
    readonly k2: Uint8Array;
  };
}

/** A client's session and a server's, with the shipped handshake, cryptography and mux, in virtual time; every link is recorded. */
export class SessionRecorder {
  readonly clock: VirtualClock = new VirtualClock();
  /** What the server's end was asked and sent. */
  readonly opened: ChannelLog[] = [];
  readonly mux: Mux;
  readonly session: Session;
  readonly #random = new SeededRandom(7);
  readonly #passkey = this.#random.bytes(32);
  readonly #root = this.#random.bytes(32);
  readonly #context = { sessionId: this.#random.bytes(16), protocol: 1, features: ['b', 'a'] };
  readonly #keys = ClientKeys.fromPasskey(this.#passkey.slice());
  readonly #keyRing = new KeyRing(this.#passkey.slice(), this.#root);
  readonly #instance = this.#random.bytes(16);
  readonly #server: Session;
  readonly #serverMux: Mux;

  constructor() {
    this.session = this.#newSession('client', () => this.mux);
    this.#server = this.#newSession('server', () => this.#serverMux);
    this.mux = this.#newMux('client', this.session);
    this.#serverMux = this.#newMux('server', this.#server);
  }

  /** Runs `work` over one link from its hello to its end, and gives what went over it. */
  record(work: () => void): RecordedLink {
    const pair = makeMemoryPair({
      clock: this.clock,
      random: this.#random,
      kind: 'bytes',
      aToB: { delayMs: 10 },
      bToA: { delayMs: 10 },
    });
    const client = tap(pair.a);
    const server = tap(pair.b);
    const ephemerals = [this.#random.bytes(32), this.#random.bytes(32)] as const;
    const keys: Uint8Array[] = [];
    const acceptor = new Acceptor(
      recordingCrypto(ephemerals[1], keys),
      this.#context,
      [this.#keyRing],
      this.clock,
      silentLogger,
      {
        onJoin: (_, link) => this.#server.addLink(link),
        instanceCount: 1,
        hasInstance: () => true,
      },
    );
    acceptor.accept(server.carrier);
    const dial = {
      clock: this.clock,
      crypto: recordingCrypto(ephemerals[0], []),
      context: this.#context,
      routeId: () => new Uint8Array(16).fill(0xab),
      instance: this.#instance,
      keys: this.#keys,
      isNoRoute: () => false,
    };
    shakeHands(dial, client.carrier, (result) => {
      if (result.kind === 'link') this.session.addLink(result.link);
    });
    this.clock.advance(100);
    work();
    this.clock.advance(1000);
    pair.cut();
    this.clock.advance(1);
    const [k2, k1] = keys;
    if (k1 === undefined || k2 === undefined) throw new Error('the link did not join');
    return {
      client: concatBytes(client.written),
      server: concatBytes(server.written),
      secrets: {
        session: this.#context.sessionId,
        passkey: this.#passkey,
        root: this.#root,
        clientEphemeral: ephemerals[0],
        serverEphemeral: ephemerals[1],
        k1,
        k2,
      },
    };
  }

  #newSession(role: 'client' | 'server', mux: () => Mux): Session {
    return new Session(role, this.clock, silentLogger, {
      onLink: () => undefined,
      onEnd: () => mux().close(),
    });
  }

  #newMux(role: 'client' | 'server', session: Session): Mux {
    const mux = new Mux({
      role,
      clock: this.clock,
      transport: session,
      hasDatagrams: false,
      events: { onOpen: (incoming) => this.opened.push(logIncoming(incoming)) },
    });
    session.attach(mux);
    return mux;
  }
}

function tap(inner: Carrier): { readonly carrier: Carrier; readonly written: Uint8Array[] } {
  const written: Uint8Array[] = [];
  const carrier = new TappedCarrier(inner, {
    onWrite: (pieces) => written.push(...pieces.map(copyOf)),
    onArrive: (bytes) => bytes,
    onOver: () => undefined,
  });
  return { carrier, written };
}

/** The shipped cryptography with a known ephemeral key; the keys of its first link go to `keys`: to seal with, to open with. */
function recordingCrypto(privateBytes: Uint8Array, keys: Uint8Array[]): LinkCrypto {
  return linkCrypto({
    newEphemeral: () => ephemeralKeyFrom(privateBytes),
    cipher: {
      newSealer: (key) => {
        keys.push(key.slice());
        return recordCipher.newSealer(key);
      },
      newOpener: (key) => {
        keys.push(key.slice());
        return recordCipher.newOpener(key);
      },
    },
  });
}

import { Acceptor } from '../../src/backed/acceptor.ts';
import { KeyRing } from '../../src/backed/key-ring.ts';
import type { SecureLink } from '../../src/backed/secure-link.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { linkCrypto } from '../../src/crypto/link-crypto.ts';
import { ROUTE_ID_BYTES } from '../../src/wire/limits.ts';
import type { ClientHandshake, HelloKey, LinkCrypto } from '../../src/wire/link-crypto.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { RecordingCarrier } from './recording-carrier.ts';
import { pattern } from './stream-script.ts';

type Kind = 'bytes' | 'datagrams';

export interface Joined {
  readonly instance: string;
  readonly link: SecureLink;
  readonly records: Uint8Array[];
}

const CONTEXT = { sessionId: pattern(16), protocol: 1, features: [] };

/** A server that lets clients in, with the shipped cryptography, whose Diffie-Hellmans are counted. */
export class AcceptorBench {
  readonly clock: VirtualClock = new VirtualClock();
  readonly passkey: Uint8Array = pattern(32, 100);
  readonly root: Uint8Array = pattern(32, 200);
  readonly keyRing: KeyRing;
  readonly acceptor: Acceptor;
  readonly crypto: LinkCrypto = linkCrypto();
  readonly joined: Joined[] = [];
  readonly instances: Set<string> = new Set();
  instanceCount: number | undefined;
  answerCount = 0;

  constructor() {
    this.keyRing = new KeyRing(this.passkey.slice(), this.root.slice());
    const counting: LinkCrypto = {
      startClient: (...args) => this.crypto.startClient(...args),
      readHello: (...args) => {
        const handshake = this.crypto.readHello(...args);
        if (handshake === undefined) return undefined;
        const { key, payload } = handshake;
        return {
          key,
          payload,
          answer: (root) => {
            this.answerCount += 1;
            return handshake.answer(root);
          },
        };
      },
    };
    const joined = this.#onJoin.bind(this);
    const count = (): number => this.instanceCount ?? this.instances.size;
    this.acceptor = new Acceptor(counting, CONTEXT, [this.keyRing], this.clock, silentLogger, {
      onJoin: joined,
      get instanceCount() {
        return count();
      },
      hasInstance: (instance) => this.instances.has(instance),
    });
  }

  #onJoin(instance: string, link: SecureLink): void {
    this.instances.add(instance);
    const records: Uint8Array[] = [];
    this.joined.push({ instance, link, records });
    link.attach({
      onRecord: (_number, plaintext) => records.push(plaintext.slice()),
      onClose: () => undefined,
    });
  }

  /** A hello as the client `instance` would make it. */
  hello(
    dialNumber: number,
    key: HelloKey = 'passkey',
    options: { kind?: Kind; instance?: number; secret?: Uint8Array } = {},
  ): ClientHandshake {
    const { kind = 'bytes', instance = 1 } = options;
    const secret = options.secret ?? (key === 'passkey' ? this.passkey : this.root);
    return this.crypto.startClient(
      { ...CONTEXT, kind },
      new Uint8Array(ROUTE_ID_BYTES),
      key,
      secret,
      { instance: pattern(16, instance * 1000), dialNumber },
    );
  }

  /** A carrier that the server has accepted. */
  carrier(kind: Kind = 'bytes'): RecordingCarrier {
    const carrier = new RecordingCarrier(kind);
    this.acceptor.accept(carrier);
    return carrier;
  }

  /** Sends `hello` on a carrier of its own; `answer` is empty when there is none at once. */
  send(hello: Uint8Array): { readonly carrier: RecordingCarrier; readonly answer: Uint8Array } {
    const carrier = this.carrier(hello.length === 1400 ? 'bytes' : 'datagrams');
    carrier.feed(hello);
    return { carrier, answer: carrier.takeWritten() };
  }

  /** A whole handshake, and the first record. */
  join(handshake: ClientHandshake): RecordingCarrier {
    const { carrier, answer } = this.send(handshake.hello);
    const result = handshake.finish(answer);
    if (result === undefined) throw new Error('no authentic answer');
    carrier.feed(sealedRecord(result.keys.sealer, 0, Uint8Array.of(1)));
    return carrier;
  }
}

/** A record as it travels on a byte carrier. */
export function sealedRecord(
  sealer: { seal(number: number, plaintext: Uint8Array, pieces: Uint8Array[]): void },
  number: number,
  plaintext: Uint8Array,
): Uint8Array {
  const pieces: Uint8Array[] = [];
  sealer.seal(number, plaintext, pieces);
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const record = new Uint8Array(2 + length);
  record.set([length >> 8, length & 0xff]);
  let at = 2;
  for (const piece of pieces) {
    record.set(piece, at);
    at += piece.length;
  }
  return record;
}

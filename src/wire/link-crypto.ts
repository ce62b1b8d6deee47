/** The cryptography of a link, handed in as functions: `backed` itself knows no algorithm. */

/** Seals the records of one direction of one link. */
export interface RecordSealer {
  /**
   * Seals `plaintext` as record `number` and pushes the ciphertext and its tag onto `pieces`.
   * `plaintext` may be reused afterwards.
   */
  seal(number: number, plaintext: Uint8Array, pieces: Uint8Array[]): void;
}

/** Opens the records of one direction of one link. */
export interface RecordOpener {
  /** The plaintext, in fresh memory; `undefined` when `sealed` is not authentic. */
  open(number: number, sealed: Uint8Array): Uint8Array | undefined;
}

export interface RecordKeys {
  /** 8 bytes that both ends derive alike, and nobody else before they are seen: what names the link in datagrams. */
  readonly linkId: Uint8Array;
  readonly sealer: RecordSealer;
  readonly opener: RecordOpener;
}

/** Which secret a hello was made under. */
export type HelloKey = 'passkey' | 'root';

/** What message 1 carries, sealed. */
export interface HelloPayload {
  /** 16 bytes that name the client process. */
  readonly instance: Uint8Array;
  /** Ascending and never repeated by one client process; it is the link's id. */
  readonly dialNumber: number;
  /** Every datagram of the link, in both directions, is to be of this length; so is the hello. */
  readonly padBytes?: number | undefined;
}

/** A client's handshake in progress. */
export interface ClientHandshake {
  /** The whole hello, ready to send. */
  readonly hello: Uint8Array;
  /** Reads the server's answer; `undefined` when it is not authentic. `root` is there when the hello was under the passkey. */
  finish(
    answer: Uint8Array,
  ): { readonly keys: RecordKeys; readonly root: Uint8Array | undefined } | undefined;
}

/** A server's handshake after an authentic message 1. Nothing expensive has happened yet. */
export interface ServerHandshake {
  readonly key: HelloKey;
  readonly payload: HelloPayload;
  /** Does the Diffie-Hellman; `root` is sent when the hello was under the passkey. */
  answer(root: Uint8Array): { readonly answer: Uint8Array; readonly keys: RecordKeys };
}

/** What both ends of a handshake must agree on; all of it is in the prologue. */
export interface HandshakeContext {
  readonly sessionId: Uint8Array;
  readonly protocol: number;
  readonly features: readonly string[];
  readonly kind: 'bytes' | 'datagrams';
}

export interface LinkCrypto {
  startClient(
    context: HandshakeContext,
    routeId: Uint8Array,
    key: HelloKey,
    secret: Uint8Array,
    payload: HelloPayload,
  ): ClientHandshake;
  /** `undefined` when the hello is malformed or does not authenticate under `secretOf(key)`. Does no Diffie-Hellman. */
  readHello(
    context: HandshakeContext,
    secretOf: (key: HelloKey) => Uint8Array | undefined,
    hello: Uint8Array,
  ): ServerHandshake | undefined;
}

import { concatBytes, utf8 } from '../base/bytes.ts';
import { EtError } from '../base/errors.ts';
import { type EphemeralKey, isLowOrderPoint, PUBLIC_KEY_BYTES } from './ephemeral-key.ts';
import { requireSecret } from './secret.ts';
import { type SplitKeys, SymmetricState } from './symmetric-state.ts';

/**
 * The handshake pattern NNpsk0 of the Noise framework, revision 34:
 *
 *   -> psk, e      sealed payload
 *   <- e, ee       sealed payload
 *
 * Its first message authenticates under the pre-shared key alone; only the second needs a Diffie-Hellman.
 */
const PROTOCOL_NAME = 'Noise_NNpsk0_25519_ChaChaPoly_SHA256';

/** The client's end. */
export class NoiseInitiator {
  readonly #state: SymmetricState;
  readonly #ephemeral: EphemeralKey;

  constructor(prologue: Uint8Array, psk: Uint8Array, ephemeral: EphemeralKey) {
    this.#state = begin(prologue, psk);
    this.#ephemeral = ephemeral;
  }

  /** Once, and first. */
  writeFirst(payload: Uint8Array): Uint8Array {
    const { publicBytes } = this.#ephemeral;
    mixEphemeral(this.#state, publicBytes);
    return concatBytes([publicBytes, this.#state.encryptAndHash(payload)]);
  }

  /** `undefined` when `message` is not authentic; another may be tried then, since nothing has changed. */
  readSecond(message: Uint8Array): { payload: Uint8Array; keys: SplitKeys } | undefined {
    if (message.length < PUBLIC_KEY_BYTES) return undefined;
    const theirs = message.subarray(0, PUBLIC_KEY_BYTES);
    const shared = this.#ephemeral.agree(theirs);
    if (shared === undefined) return undefined;
    const state = this.#state.clone();
    mixEphemeral(state, theirs);
    state.mixKey(shared);
    const payload = state.decryptAndHash(message.subarray(PUBLIC_KEY_BYTES));
    return payload === undefined ? undefined : { payload, keys: state.split() };
  }
}

/** The server's end. */
export class NoiseResponder {
  readonly #state: SymmetricState;
  readonly #theirs: Uint8Array;

  private constructor(state: SymmetricState, theirs: Uint8Array) {
    this.#state = state;
    this.#theirs = theirs;
  }

  /** `undefined` when `message` is not authentic under `psk`, or its key can give no shared secret. Does no Diffie-Hellman. */
  static readFirst(
    prologue: Uint8Array,
    psk: Uint8Array,
    message: Uint8Array,
  ): { payload: Uint8Array; responder: NoiseResponder } | undefined {
    if (message.length < PUBLIC_KEY_BYTES) return undefined;
    // Copied: the message is gone by the time of the answer.
    const theirs = Uint8Array.from(message.subarray(0, PUBLIC_KEY_BYTES));
    if (isLowOrderPoint(theirs)) return undefined;
    const state = begin(prologue, psk);
    mixEphemeral(state, theirs);
    const payload = state.decryptAndHash(message.subarray(PUBLIC_KEY_BYTES));
    if (payload === undefined) return undefined;
    return { payload, responder: new NoiseResponder(state, theirs) };
  }

  /** Once. */
  writeSecond(
    payload: Uint8Array,
    ephemeral: EphemeralKey,
  ): { message: Uint8Array; keys: SplitKeys } {
    const shared = ephemeral.agree(this.#theirs);
    if (shared === undefined) throw new EtError('ET_ERR_HANDSHAKE', 'no shared secret');
    mixEphemeral(this.#state, ephemeral.publicBytes);
    this.#state.mixKey(shared);
    const sealed = this.#state.encryptAndHash(payload);
    return { message: concatBytes([ephemeral.publicBytes, sealed]), keys: this.#state.split() };
  }
}

/** Up to the token `psk` of the first message. */
function begin(prologue: Uint8Array, psk: Uint8Array): SymmetricState {
  const state = SymmetricState.initialize(utf8(PROTOCOL_NAME));
  state.mixHash(prologue);
  state.mixKeyAndHash(requireSecret(psk, 'a pre-shared key'));
  return state;
}

/** The token `e` of a pattern with a pre-shared key: section 9.2. */
function mixEphemeral(state: SymmetricState, publicBytes: Uint8Array): void {
  state.mixHash(publicBytes);
  state.mixKey(publicBytes);
}

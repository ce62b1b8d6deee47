/** A block as it lies on a disk. */
export interface SealedBlock {
  /** What it must be opened with; no two blocks of one cipher share it. */
  readonly number: number;
  /** Ciphertext and tag, `TAG_BYTES` longer than the plaintext. */
  readonly pieces: readonly Uint8Array[];
}

/** Seals blocks of output for a disk under a key that nobody else has: `terminal` itself knows no algorithm. */
export interface BlockCipher {
  /**
   * Seals `plaintext`, which begins at `start`, under the next number.
   *
   * @throws {EtError} ET_ERR_STATE once all numbers have been used.
   */
  seal(start: number, plaintext: Uint8Array): SealedBlock;
  /** The plaintext, in fresh memory; `undefined` unless `sealed` is block `number`, whole, and begins at `start`. */
  open(number: number, start: number, sealed: Uint8Array): Uint8Array | undefined;
}

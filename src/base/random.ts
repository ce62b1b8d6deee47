/** Chance, handed in: the tests and the simulator use a seeded one. */
export interface RandomSource {
  /** `count` bytes, fit for keys when the source is the system's. */
  bytes(count: number): Uint8Array;
  /** A number in [0, 1), for jitter; never for keys. */
  uniform(): number;
}

export const systemRandom: RandomSource = {
  // Loaded when first needed: it takes as long as starting ssh does.
  bytes: (count) => new Uint8Array(process.getBuiltinModule('node:crypto').randomBytes(count)),
  uniform: () => Math.random(),
};

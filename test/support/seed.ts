/** The seed of a run's chance: EVERTERM_SEED, or another each time. Tests have it in their titles. */
export const SEED: number = Number(process.env['EVERTERM_SEED'] ?? process.pid * 1000 + 1);

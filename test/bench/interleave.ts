/** What each of two programs needed, run by run. */
export interface Both {
  readonly et: readonly number[];
  readonly ssh: readonly number[];
}

/**
 * Measures two programs in turn, A B A B, so that whatever else the machine does falls on both. One round before it is not
 * counted: it fills the caches.
 */
export async function interleave(
  runs: number,
  et: () => Promise<number>,
  ssh: () => Promise<number>,
): Promise<Both> {
  const both = { et: [] as number[], ssh: [] as number[] };
  await et();
  await ssh();
  for (let run = 0; run < runs; run += 1) {
    both.et.push(await et());
    both.ssh.push(await ssh());
  }
  return both;
}

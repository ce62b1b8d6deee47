const ASK_EVERY_MS = 20;

/** Asks again and again until the answer is the wanted one; fails with what the last one was after `withinMs`. */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  isWanted: (answer: T) => boolean,
  withinMs = 60_000,
): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (performance.now() > end)
      throw new Error(`not within ${withinMs} ms: ${what}; last ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}

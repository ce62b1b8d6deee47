/** Turns the event loop until `isDone`; the test's own timeout is the limit. */
export async function turnUntil(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise<void>((resolve) => setImmediate(resolve));
}

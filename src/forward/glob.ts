/**
 * Whether the whole of `text` is what `pattern` describes: `*` is any number of characters other than `separator`, `**` of any.
 * Without a separator the two are the same. Everything else stands for itself.
 *
 * The set of places in the pattern that may come next is carried along the text, so that no pattern takes more than
 * (its length x the text's) steps; `*a*a*a*b` would keep a regular expression busy for ever.
 */
export function matchesGlob(pattern: string, text: string, separator?: string): boolean {
  const parts = pattern.match(/\*+|[^*]/gu) ?? [];
  let reached = withStarsPassed([0], parts);
  for (const character of text) {
    const next = [...reached].flatMap((at) => placesAfter(at, parts[at], character, separator));
    reached = withStarsPassed(next, parts);
  }
  return reached.has(parts.length);
}

/** Where in the pattern `character` leads from place `at`. */
function placesAfter(
  at: number,
  part: string | undefined,
  character: string,
  separator: string | undefined,
): readonly number[] {
  if (part === undefined) return [];
  if (!part.startsWith('*')) return part === character ? [at + 1] : [];
  return part.length > 1 || character !== separator ? [at] : [];
}

/** A star may stand for nothing, so that what is behind it is reached too. */
function withStarsPassed(from: readonly number[], parts: readonly string[]): Set<number> {
  const places = new Set(from);
  // A place that is added is visited by the same loop.
  for (const at of places) {
    if (parts[at]?.startsWith('*') === true) places.add(at + 1);
  }
  return places;
}

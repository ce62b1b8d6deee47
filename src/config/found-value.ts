import type { ConfigKey } from './config-value.ts';

/** A text, and where it stands: `FILE:LINE`, or the name of a variable. */
export interface PlacedText {
  readonly text: string;
  readonly place: string;
}

/** What one place says about a key: one text, or for a list any number. */
export interface FoundValue {
  readonly name: string;
  readonly entries: readonly PlacedText[];
}

/** Of what was found, the most binding first, what counts for each key: the first, or of additions all. */
export function chooseValues(
  keys: readonly ConfigKey[],
  found: readonly FoundValue[],
): readonly FoundValue[] {
  return keys.flatMap(({ name, kind }) => {
    const own = found.filter((each) => each.name === name);
    if (kind !== 'additions') return own.slice(0, 1);
    const entries = own.flatMap((each) => each.entries);
    return entries.length === 0 ? [] : [{ name, entries }];
  });
}

import type { EtError } from '../base/errors.ts';
import { usageError } from '../base/usage-error.ts';

/** Makes the error about one specification out of what is wrong with it. */
export type Complaint = (problem: string) => EtError;

/** The longest piece of a text that a message repeats, in characters. */
const MAX_QUOTED_CHARACTERS = 200;

/**
 * Complains in one line: the flag, the text, what is wrong, and what to write in its place.
 * `item` is the place of the mistake in a list.
 */
export function complaintAbout(
  flag: string,
  text: string,
  form: string,
  item?: { readonly number: number; readonly text: string },
): Complaint {
  const place = item === undefined ? '' : `item ${item.number}, ${quoted(item.text)}: `;
  return (problem) => usageError(`${flag} ${quoted(text)}: ${place}${problem}; write ${form}`);
}

/** One line, whatever is in it: JSON leaves some line ends and controls as they are. */
export function quoted(text: string): string {
  const isLong = text.length > MAX_QUOTED_CHARACTERS;
  const shown = isLong ? `${text.slice(0, MAX_QUOTED_CHARACTERS)}...` : text;
  return JSON.stringify(shown).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}

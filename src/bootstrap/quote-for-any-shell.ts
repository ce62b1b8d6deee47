import { EtError } from '../base/errors.ts';

/**
 * `word` as one word of sh, bash, zsh, fish, csh and tcsh alike. Plain characters go as they are, `' \ !` each behind a backslash
 * outside of quotes (within them the shells disagree), all others in single quotes.
 *
 * @throws {EtError} ET_ERR_USAGE for control characters, which csh cannot quote.
 */
export function quoteForAnyShell(word: string): string {
  if (/\p{Cc}/u.test(word)) {
    throw new EtError('ET_ERR_USAGE', `${JSON.stringify(word)} has a control character`, {
      advice: 'leave it out: it cannot be handed through every login shell',
    });
  }
  if (word === '') return "''";
  return word.replace(/[^A-Za-z0-9_./:,+@%-]+/gu, (run) =>
    run.replace(/(['\\!])|([^'\\!]+)/gu, (_, special: string | undefined, others: string) =>
      special === undefined ? `'${others}'` : `\\${special}`,
    ),
  );
}

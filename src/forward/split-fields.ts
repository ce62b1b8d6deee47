import type { Complaint } from './forward-complaint.ts';

/** What stands between two colons, without brackets and backslashes. */
export interface Field {
  readonly text: string;
  /** As in ssh, a slash makes it the path of a unix socket. */
  readonly isPath: boolean;
}

/** A field in brackets or a bare one, in which a backslash takes the next character as it is; then a colon or the end. */
const FIELD = /(?:\[([^\]]*)\]|((?:[^\\:[]|\\.)(?:[^\\:]|\\.)*|))(:|$)/gsuy;

/**
 * Cuts `[::1]:8003:db:5432` at the colons that are in no brackets and behind no backslash, as ssh does.
 * There is always at least one field; an empty text is one empty field.
 *
 * @throws {EtError} ET_ERR_USAGE
 */
export function splitFields(text: string, complain: Complaint): Field[] {
  const fields: Field[] = [];
  let at = 0;
  for (const [whole, bracketed, bare = '', end] of text.matchAll(FIELD)) {
    const field = bracketed ?? bare.replace(/\\(.)/gsu, '$1');
    fields.push({ text: field, isPath: field.includes('/') });
    if (end === '') return fields;
    at += whole.length;
  }
  const part = `part ${fields.length + 1}`;
  throw complain(
    text[at] === '['
      ? `the brackets of ${part} do not enclose it`
      : `${part} ends in a backslash, which takes the next character as it is`,
  );
}

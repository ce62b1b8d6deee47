import type { ListenPlace } from './endpoint.ts';
import { complaintAbout } from './forward-complaint.ts';
import { FAR_RULES, isVariableName, readListenPlace } from './read-place.ts';
import { splitFields } from './split-fields.ts';

/**
 * Which forward is meant, by where it listens: `[bind:]port`, `/path` or the name of a variable. As formatListenPlace writes it.
 *
 * @throws {EtError} ET_ERR_USAGE
 */
export function parseListenPlace(text: string, flag: string): ListenPlace {
  if (isVariableName(text)) return { kind: 'variable', name: text };
  const form = `[bind:]port, a socket's /path or the name of a variable, as in ${flag} 8003`;
  const complain = complaintAbout(flag, text, form);
  return readListenPlace(splitFields(text, complain), FAR_RULES, complain);
}

import { complaintAbout } from './forward-complaint.ts';
import type { ForwardSpec } from './forward-spec.ts';
import { nearRules, readListenPlace } from './read-place.ts';
import { splitFields } from './split-fields.ts';

/** `[bind:]port` of an HTTP proxy, or the path of its socket. @throws {EtError} ET_ERR_USAGE */
export function parseHttpProxy(text: string, flag: string): ForwardSpec {
  const complain = complaintAbout(flag, text, `[bind:]port, as in ${flag} 8080`);
  return {
    kind: 'http-proxy',
    listen: readListenPlace(splitFields(text, complain), nearRules(false), complain),
    target: undefined,
    source: `${flag} ${text}`,
  };
}

import { complaintAbout } from './forward-complaint.ts';
import type { ForwardSpec } from './forward-spec.ts';
import { nearRules, readEndpoint, readListenPlace } from './read-place.ts';
import { splitFields } from './split-fields.ts';

/** `[bind:]P:host:Q` for datagrams. @throws {EtError} ET_ERR_USAGE */
export function parseUdpForward(
  text: string,
  kind: 'udp' | 'udp-reverse',
  flag: string,
): ForwardSpec {
  const complain = complaintAbout(flag, text, `[bind:]port:host:port, as in ${flag} 5353:dns:53`);
  const fields = splitFields(text, complain);
  if (fields.some((field) => field.isPath)) throw complain('datagrams go to no path');
  return {
    kind,
    listen: readListenPlace(fields.slice(0, -2), nearRules(false), complain),
    target: readEndpoint(fields.slice(-2), complain),
    source: `${flag} ${text}`,
  };
}

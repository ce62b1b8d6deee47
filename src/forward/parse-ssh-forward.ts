import type { Endpoint } from './endpoint.ts';
import { complaintAbout } from './forward-complaint.ts';
import type { ForwardSpec } from './forward-spec.ts';
import {
  FAR_RULES,
  nearRules,
  readEndpoint,
  readListenPlace,
  targetFieldCount,
} from './read-place.ts';
import { splitFields } from './split-fields.ts';

/** What ssh_config says about listening. */
export interface SshListenOptions {
  /** Whether a port without a bind listens on all addresses. */
  readonly gatewayPorts: boolean;
}

const NO_GATEWAY: SshListenOptions = { gatewayPorts: false };

/**
 * ssh's -L: `[bind:]port:host:hostport`, either half of which may be the path of a unix socket.
 *
 * @throws {EtError} ET_ERR_USAGE
 */
export function parseLocalForward(
  text: string,
  flag: string,
  options: SshListenOptions = NO_GATEWAY,
): ForwardSpec {
  const form = `[bind:]port:host:hostport, as in ${flag} 8003:db:5432, or a socket's /path for either half`;
  const complain = complaintAbout(flag, text, form);
  const fields = splitFields(text, complain);
  const count = targetFieldCount(fields);
  return {
    kind: 'local',
    listen: readListenPlace(fields.slice(0, -count), nearRules(options.gatewayPorts), complain),
    target: readEndpoint(fields.slice(-count), complain),
    source: `${flag} ${text}`,
  };
}

/**
 * ssh's -R: as -L, or a place to listen at alone for a SOCKS proxy. Port 0: whichever is free at the far end.
 *
 * @throws {EtError} ET_ERR_USAGE
 */
export function parseRemoteForward(text: string, flag: string): ForwardSpec {
  const form = `[bind:]port:host:hostport, as in ${flag} 9000:localhost:22, a socket's /path for either half, or [bind:]port for a SOCKS proxy`;
  const complain = complaintAbout(flag, text, form);
  const fields = splitFields(text, complain);
  const count = targetFieldCount(fields);
  // Two fields without a path at the end are a bind and a port.
  const isProxy = fields.length === 1 || (fields.length === 2 && count === 2);
  const listenFields = isProxy ? fields : fields.slice(0, -count);
  return {
    kind: 'remote',
    listen: readListenPlace(listenFields, FAR_RULES, complain),
    target: isProxy ? undefined : readEndpoint(fields.slice(-count), complain),
    source: `${flag} ${text}`,
  };
}

/** ssh's -D: `[bind:]port` of a SOCKS proxy, or the path of its socket. @throws {EtError} ET_ERR_USAGE */
export function parseDynamicForward(
  text: string,
  flag: string,
  options: SshListenOptions = NO_GATEWAY,
): ForwardSpec {
  const complain = complaintAbout(flag, text, `[bind:]port, as in ${flag} 1080`);
  const fields = splitFields(text, complain);
  return {
    kind: 'dynamic',
    listen: readListenPlace(fields, nearRules(options.gatewayPorts), complain),
    target: undefined,
    source: `${flag} ${text}`,
  };
}

/** ssh's -W: `host:port`, or the path of a socket. @throws {EtError} ET_ERR_USAGE */
export function parseStdioForward(text: string, flag: string): Endpoint {
  const complain = complaintAbout(flag, text, `host:port, as in ${flag} db:5432`);
  return readEndpoint(splitFields(text, complain), complain);
}

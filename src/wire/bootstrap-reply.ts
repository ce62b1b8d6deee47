import { toHex } from '../base/bytes.ts';
import { MAX_FEATURE_LENGTH, MAX_FEATURES } from './bootstrap-request.ts';
import { JsonMembers } from './json-members.ts';
import { ROUTE_ID_BYTES, SECRET_BYTES, SESSION_ID_BYTES } from './limits.ts';
import type { JsonObject } from './messages.ts';

/** What stands between the markers on the host's standard output: PROTOCOL.md section 2. */

export const REPLY_BEGIN = 'EVERTERM-REPLY';
export const REPLY_END = 'EVERTERM-END';
/** The longest text between the markers, in characters. */
export const MAX_REPLY_LENGTH: number = 16 * 1024;

export interface BootstrapReply {
  readonly protocol: number;
  readonly features: readonly string[];
  /** The session id, 16 bytes. */
  readonly session: Uint8Array;
  /** The route id, 16 bytes. */
  readonly route: Uint8Array;
  /** The one-time key, 32 bytes. */
  readonly passkey: Uint8Array;
  /** Where the session server listens for TCP; 0 when nowhere. */
  readonly port: number;
  /** Where it takes datagrams of UDP; nowhere where it is not given. */
  readonly udpPort?: number;
  /** The server's version, for people. */
  readonly server: string;
  /** Where else the host may be reached. */
  readonly addresses?: readonly string[];
  /** Lines for the user. */
  readonly notices?: readonly string[];
  /** How many of the user's sessions on this host have no client. */
  readonly detached?: number;
  /** `port` is that of the host's router. */
  readonly router?: boolean;
  /** The session ran already; the client attaches to it. */
  readonly attached?: boolean;
  /** The session's name, where it has one. */
  readonly name?: string;
}

export interface BootstrapFailure {
  /** For scripts: `node-too-old`. */
  readonly code: string;
  readonly message: string;
  /** What to do about it; may be empty. */
  readonly advice: string;
}

export type BootstrapOutcome =
  | { readonly kind: 'reply'; readonly reply: BootstrapReply }
  | { readonly kind: 'failure'; readonly failure: BootstrapFailure };

/** One line with its line feed, markers included. It holds the passkey: for the ssh channel alone. */
export function formatReply(reply: BootstrapReply): string {
  const { session, route, passkey, udpPort, addresses, notices, detached } = reply;
  return between({
    protocol: reply.protocol,
    features: reply.features,
    session: toHex(session),
    route: toHex(route),
    passkey: toHex(passkey),
    port: reply.port,
    udp: udpPort,
    server: reply.server,
    addresses,
    notices,
    detached,
    router: reply.router,
    attached: reply.attached,
    name: reply.name,
  });
}

/** One line with its line feed, markers included. */
export function formatFailure({ code, message, advice }: BootstrapFailure): string {
  return between({ error: { code, message, advice } });
}

/** Plain ASCII, and never a marker within, whatever the members say. */
function between(object: JsonObject): string {
  const json = JSON.stringify(object)
    .replaceAll('EVERTERM', '\\u0045VERTERM')
    .replaceAll(/[\u007f-\uffff]/g, (unit) => {
      return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
    });
  return `${REPLY_BEGIN} ${json} ${REPLY_END}\n`;
}

/** Reads the object between the markers. Throws ET_ERR_BOOTSTRAP, naming the member that is wrong and never quoting one. */
export function parseReply(object: JsonObject): BootstrapOutcome {
  const members = new JsonMembers(object, 'ET_ERR_BOOTSTRAP', "the host's reply");
  if (members.has('error')) return { kind: 'failure', failure: parseFailure(members) };
  const reply = {
    protocol: members.integer('protocol', 1, 255),
    features: members.texts('features', MAX_FEATURES, MAX_FEATURE_LENGTH),
    session: members.hex('session', SESSION_ID_BYTES),
    route: members.hex('route', ROUTE_ID_BYTES),
    passkey: members.hex('passkey', SECRET_BYTES),
    port: members.integer('port', 0, 65_535),
    server: members.text('server', 64),
    ...(members.has('udp') && { udpPort: members.integer('udp', 0, 65_535) }),
    ...(members.has('addresses') && { addresses: members.texts('addresses', 64, 255) }),
    ...(members.has('notices') && { notices: members.lines('notices', 16, 1024) }),
    ...(members.has('detached') && { detached: members.integer('detached', 0, 65_535) }),
    ...(members.get('router') === true && { router: true }),
    ...(members.get('attached') === true && { attached: true }),
    ...(members.has('name') && { name: members.line('name', 64) }),
  };
  return { kind: 'reply', reply };
}

function parseFailure(members: JsonMembers): BootstrapFailure {
  const error = members.member('error');
  return {
    code: error.text('code', 64),
    message: error.line('message', 4096),
    advice: error.has('advice') ? error.line('advice', 4096) : '',
  };
}

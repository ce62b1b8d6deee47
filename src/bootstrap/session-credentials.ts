import { toHex } from '../base/bytes.ts';
import { EtError } from '../base/errors.ts';
import { isJsonObject, JsonMembers } from '../wire/json-members.ts';
import { ROUTE_ID_BYTES, SECRET_BYTES, SESSION_ID_BYTES } from '../wire/limits.ts';

/** What it takes to come back to a session: whoever has this has the session. */
export interface SessionCredentials {
  /** As the user wrote it: `user@host`. */
  readonly destination: string;
  readonly session: Uint8Array;
  readonly route: Uint8Array;
  readonly rootSecret: Uint8Array;
  /** Names and addresses to dial, the best first. */
  readonly addresses: readonly string[];
  /** 0 where the server listens nowhere and is reached through ssh alone. */
  readonly port: number;
  /** Of UDP; nowhere where it is not given. */
  readonly udpPort?: number;
  readonly protocol: number;
  readonly features: readonly string[];
  /** When the session began, in milliseconds since the epoch: for people. */
  readonly createdMs: number;
  /** The client that has the session; while it runs, nobody else offers to resume it. 0: nobody. */
  readonly clientPid?: number;
  /** `--name` */
  readonly name?: string;
  /** Flags of `et` that lead to the host, as `-J gate`; users and ports of sshd are part of the destination. */
  readonly way?: readonly string[];
  /** Why no client has it, where that is how it should be: its user has left it, or a client elsewhere has it. */
  readonly left?: 'detached' | 'taken-over';
  /** When its client was last known to have it, in milliseconds since the epoch. */
  readonly seenMs?: number;
}

export function formatCredentials(credentials: SessionCredentials): string {
  const { session, route, rootSecret, ...others } = credentials;
  const members = {
    version: 1,
    ...others,
    session: toHex(session),
    route: toHex(route),
    rootSecret: toHex(rootSecret),
  };
  return `${JSON.stringify(members)}\n`;
}

/** @throws {EtError} ET_ERR_STATE, naming the member that is wrong and quoting none. */
export function parseCredentials(text: string): SessionCredentials {
  const members = new JsonMembers(objectIn(text), 'ET_ERR_STATE', 'the credentials');
  members.integer('version', 1, 1);
  const left = members.get('left');
  return {
    destination: members.text('destination', 1024),
    session: members.hex('session', SESSION_ID_BYTES),
    route: members.hex('route', ROUTE_ID_BYTES),
    rootSecret: members.hex('rootSecret', SECRET_BYTES),
    addresses: members.texts('addresses', 64, 255),
    port: members.integer('port', 0, 65_535),
    ...(members.has('udpPort') && { udpPort: members.integer('udpPort', 0, 65_535) }),
    protocol: members.integer('protocol', 1, 255),
    features: members.texts('features', 32, 64),
    createdMs: members.integer('createdMs', 0, Number.MAX_SAFE_INTEGER),
    ...(members.has('clientPid') && { clientPid: members.integer('clientPid', 0, 2 ** 31) }),
    ...(members.has('name') && { name: members.text('name', 64) }),
    ...(members.has('way') && { way: members.texts('way', 128, 4096) }),
    ...(isLeft(left) && { left }),
    ...(members.has('seenMs') && { seenMs: members.integer('seenMs', 0, Number.MAX_SAFE_INTEGER) }),
  };
}

function isLeft(value: unknown): value is NonNullable<SessionCredentials['left']> {
  return value === 'detached' || value === 'taken-over';
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Without the cause, whose message quotes the text.
    value = undefined;
  }
  if (isJsonObject(value)) return value;
  throw new EtError('ET_ERR_STATE', 'the credentials: not a JSON object');
}

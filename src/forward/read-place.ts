import { ipFamily } from '../link/ip-family.ts';
import { MAX_UNIX_PATH_BYTES } from '../link/unix-path.ts';
import { type Endpoint, type ListenPlace, MAX_HOST_CHARACTERS, MAX_PORT } from './endpoint.ts';
import { type Complaint, quoted } from './forward-complaint.ts';
import type { Field } from './split-fields.ts';

/** How a place to listen at is read where the text leaves something open. */
export interface ListenRules {
  /** 0 where any free port may be asked for. */
  readonly leastPort: 0 | 1;
  /** The bind of a port that stands alone. */
  readonly bindIfAbsent: 'localhost' | '*';
}

/** How this end reads a place to listen at. `gatewayPorts` is ssh's: a port alone is one of all addresses. */
export function nearRules(gatewayPorts: boolean): ListenRules {
  return { leastPort: 1, bindIfAbsent: gatewayPorts ? '*' : 'localhost' };
}

/** How a place at the far end is read: that end has a GatewayPorts of its own, and finds a free port for 0. */
export const FAR_RULES: ListenRules = { leastPort: 0, bindIfAbsent: 'localhost' };

export const TOO_MANY_PARTS = 'it has too many parts (an IPv6 address goes into brackets)';

/** `port`, `bind:port` or `/path`. @throws {EtError} ET_ERR_USAGE */
export function readListenPlace(
  fields: readonly Field[],
  rules: ListenRules,
  complain: Complaint,
): ListenPlace {
  const [first, second] = fields;
  if (first === undefined) throw complain('it lacks a part');
  if (fields.length > 2) throw complain(TOO_MANY_PARTS);
  if (second !== undefined) {
    const port = readPort(second.text, rules.leastPort, complain);
    return { kind: 'tcp', bind: readBind(first, complain), port };
  }
  if (first.isPath) return { kind: 'unix', path: readPath(first.text, complain) };
  const port = readPort(first.text, rules.leastPort, complain);
  return { kind: 'tcp', bind: rules.bindIfAbsent, port };
}

/** `host:port` or `/path`. @throws {EtError} ET_ERR_USAGE */
export function readEndpoint(fields: readonly Field[], complain: Complaint): Endpoint {
  const [first, second] = fields;
  if (first?.isPath === true && second === undefined) {
    return { kind: 'unix', path: readPath(first.text, complain) };
  }
  if (first === undefined || second === undefined) throw complain('it lacks a part');
  if (fields.length > 2) throw complain(TOO_MANY_PARTS);
  const port = readPort(second.text, 1, complain);
  return { kind: 'tcp', host: readHost(first, complain), port };
}

/** How many of the last fields name the target: a path is one, `host:port` are two. */
export function targetFieldCount(fields: readonly Field[]): 1 | 2 {
  return fields.at(-1)?.isPath === true ? 1 : 2;
}

export function readPort(text: string, least: 0 | 1, complain: Complaint): number {
  const port = /^\d{1,5}$/u.test(text) ? Number(text) : Number.NaN;
  if (port >= least && port <= MAX_PORT) return port;
  // ssh takes names of services too. They are refused, since each host has a list of its own.
  throw complain(`${quoted(text)} is no port within ${least}-${MAX_PORT}`);
}

/** Empty and `*` are all addresses, as in ssh. */
export function readBind(field: Field, complain: Complaint): string {
  return field.text === '' || field.text === '*' ? '*' : readHost(field, complain);
}

export function readHost({ text, isPath }: Field, complain: Complaint): string {
  if (text === '') throw complain('the host is empty');
  if (isPath || !/^[^\s\p{Cc}[\]*]+$/u.test(text)) throw complain(`${quoted(text)} is no host`);
  if (text.length > MAX_HOST_CHARACTERS) {
    throw complain(`a host of ${text.length} characters, ${MAX_HOST_CHARACTERS} at most`);
  }
  if (text.includes(':') && ipFamily(text) !== 6) {
    throw complain(`${quoted(text)} is no IPv6 address`);
  }
  return text;
}

export function readPath(text: string, complain: Complaint): string {
  if (!text.startsWith('/')) throw complain(`the path ${quoted(text)} does not begin with /`);
  if (/\p{Cc}/u.test(text)) throw complain(`the path ${quoted(text)} has a control character`);
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > MAX_UNIX_PATH_BYTES) {
    throw complain(`a path of ${bytes} bytes, ${MAX_UNIX_PATH_BYTES} at most`);
  }
  return text;
}

/** Whether it can name the environment variable that holds a socket's path. */
export function isVariableName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,63}$/u.test(text);
}

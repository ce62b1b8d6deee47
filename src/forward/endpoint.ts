import { EtError } from '../base/errors.ts';
import { formatEndpoint as formatAddress } from '../link/plain-address.ts';
import { MAX_UNIX_PATH_BYTES } from '../link/unix-path.ts';
import type { JsonObject } from '../wire/messages.ts';

/** Where a connection is made to: a TCP port of a host (a name or an address without brackets), or a unix socket. */
export type Endpoint =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/**
 * Where a forward listens. `bind` is an address or a name of this machine; `localhost` is both loopback addresses, `*` all
 * addresses. Port 0: whichever is free. `variable`: a socket in a directory of its own, its path in this environment variable.
 */
export type ListenPlace =
  | { readonly kind: 'tcp'; readonly bind: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'variable'; readonly name: string };

/** The longest name in DNS, in characters. */
export const MAX_HOST_CHARACTERS = 255;
export const MAX_PORT = 65_535;

/** `db:5432`, `[::1]:80`, `/run/x.sock`. */
export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.kind === 'unix' ? endpoint.path : formatAddress(endpoint.host, endpoint.port);
}

/** `8003`, `*:8003`, `[::1]:8003`, `/run/x.sock`, `NAME`. */
export function formatListenPlace(place: ListenPlace): string {
  if (place.kind === 'unix') return place.path;
  if (place.kind === 'variable') return place.name;
  return place.bind === 'localhost' ? String(place.port) : formatAddress(place.bind, place.port);
}

/** As an endpoint stands in a channel's metadata. */
export function endpointToJson(endpoint: Endpoint): JsonObject {
  return endpoint.kind === 'unix'
    ? { path: endpoint.path }
    : { host: endpoint.host, port: endpoint.port };
}

/** @throws {EtError} ET_ERR_CHANNEL_METADATA */
export function endpointFromJson(json: JsonObject): Endpoint {
  const { path, host, port } = json as { path?: unknown; host?: unknown; port?: unknown };
  if (path !== undefined) return { kind: 'unix', path: unixPath(path) };
  return { kind: 'tcp', host: hostName(host), port: portNumber(port, 1) };
}

export function listenPlaceToJson(place: ListenPlace): JsonObject {
  if (place.kind === 'unix') return { path: place.path };
  if (place.kind === 'variable') return { variable: place.name };
  return { bind: place.bind, port: place.port };
}

/** @throws {EtError} ET_ERR_CHANNEL_METADATA */
export function listenPlaceFromJson(json: JsonObject): ListenPlace {
  const { path, variable, bind, port } = json as Record<string, unknown>;
  if (path !== undefined) return { kind: 'unix', path: unixPath(path) };
  if (variable === undefined)
    return { kind: 'tcp', bind: hostName(bind), port: portNumber(port, 0) };
  if (typeof variable !== 'string' || !/^[A-Za-z_][A-Za-z0-9_]{0,63}$/u.test(variable)) {
    throw metadata(`variable ${JSON.stringify(variable)}`);
  }
  return { kind: 'variable', name: variable };
}

function unixPath(path: unknown): string {
  const isPath =
    typeof path === 'string' &&
    /^\/[^\0]*$/u.test(path) &&
    new TextEncoder().encode(path).length <= MAX_UNIX_PATH_BYTES;
  if (!isPath) throw metadata(`path ${JSON.stringify(path)}`);
  return path;
}

function hostName(host: unknown): string {
  const isName =
    typeof host === 'string' && host.length <= MAX_HOST_CHARACTERS && /^[^\s\p{Cc}]+$/u.test(host);
  if (!isName) throw metadata(`host ${JSON.stringify(host)}`);
  return host;
}

function portNumber(port: unknown, least: number): number {
  const isPort = typeof port === 'number' && Number.isInteger(port) && port >= least;
  if (!isPort || port > MAX_PORT) throw metadata(`port ${JSON.stringify(port)}`);
  return port;
}

function metadata(what: string): EtError {
  return new EtError('ET_ERR_CHANNEL_METADATA', `${what.slice(0, 200)} is no place to connect to`);
}

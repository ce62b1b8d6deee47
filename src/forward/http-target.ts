import { ipFamily } from '../link/ip-family.ts';
import { MAX_HOST_CHARACTERS, MAX_PORT } from './endpoint.ts';
import { HttpRefusal } from './http-refusal.ts';

const HTTP_PORT = 80;

/** Where a request is to go. `host` is without brackets. */
export interface HttpTarget {
  readonly host: string;
  readonly port: number;
}

/** A resource by an absolute URI, in the two pieces that its own server is asked with. */
export interface HttpResource extends HttpTarget {
  /** The value of `Host`. */
  readonly authority: string;
  /** The request target in origin form, as it was written. */
  readonly path: string;
}

/**
 * `host:port`, the target of CONNECT (RFC 9110 section 9.3.6).
 * @throws {HttpRefusal} 400
 */
export function parseConnectTarget(text: string): HttpTarget {
  return parseAuthority(text, undefined);
}

/**
 * `http://host[:port]/path`. The path is taken as it stands: what a URL parser would tidy up in it is between the client and the server.
 * @throws {HttpRefusal} 400. That a request in origin form is refused too is what keeps a request to this proxy from going round in
 * circles: whatever is forwarded to a proxy arrives in origin form.
 */
export function parseHttpUri(uri: string, method: string): HttpResource {
  const [, scheme, authority, path] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^#]*)/iu.exec(uri) ?? [];
  if (scheme === undefined || authority === undefined) {
    throw new HttpRefusal(400, 'this is a proxy: ask it for http://HOST/... or CONNECT HOST:PORT');
  }
  if (scheme.toLowerCase() === 'https') {
    throw new HttpRefusal(400, 'this proxy speaks no TLS: reach https:// by CONNECT HOST:PORT');
  }
  if (scheme.toLowerCase() !== 'http') {
    throw new HttpRefusal(400, `this proxy knows http:// and CONNECT, not ${scheme}://`);
  }
  return {
    ...parseAuthority(authority, HTTP_PORT),
    authority,
    path: originForm(path ?? '', method),
  };
}

/** RFC 9112 section 3.2.4: OPTIONS of a server as a whole is `*`. */
function originForm(path: string, method: string): string {
  if (path === '') return method === 'OPTIONS' ? '*' : '/';
  return path.startsWith('/') ? path : `/${path}`;
}

/** User information before an `@` is refused: RFC 9110 section 4.2.4 wants it treated as an error. */
function parseAuthority(text: string, defaultPort: number | undefined): HttpTarget {
  const match = /^(?:\[(?<ip>[^\s\]]+)\]|(?<name>[^\s:@[\]/?#]+))(?::(?<port>\d{0,5}))?$/u.exec(
    text,
  );
  const { ip, name, port: digits } = match?.groups ?? {};
  const host = ip ?? name ?? '';
  const port = digits === undefined || digits === '' ? (defaultPort ?? 0) : Number(digits);
  const isHost = host !== '' && host.length <= MAX_HOST_CHARACTERS;
  if (!isHost || (ip !== undefined && ipFamily(ip) !== 6) || port < 1 || port > MAX_PORT) {
    throw new HttpRefusal(400, `${JSON.stringify(text)} is no HOST:PORT`);
  }
  return { host, port };
}

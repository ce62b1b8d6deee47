import type { IncomingMessage } from 'node:http';
import { HttpRefusal } from './http-refusal.ts';

/** Fields about one connection, which a proxy keeps to itself (RFC 9110 section 7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Fields that stay even where `Connection` names them. Without them a body would be sent that nothing says the end of, and the next
 * hop would take it for a request of its own.
 */
const NEVER_DROPPED: ReadonlySet<string> = new Set(['content-length', 'host']);

/** Methods whose requests have no body unless a field says so: a recipient of any other waits for word about one. */
const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

/** `Name, value, Name, value`, as Node's rawHeaders: in the order, the case and the number in which they were sent. */
type RawHeaders = readonly string[];

/** What goes on to the next hop. */
export function endToEndHeaders(raw: RawHeaders): string[] {
  const named = new Set(valuesOf(raw, 'connection').flatMap((value) => tokensOf(value)));
  return keep(raw, (name) => {
    return !HOP_BY_HOP.has(name) && (!named.has(name) || NEVER_DROPPED.has(name));
  });
}

/**
 * What the target's server is sent: `Host` as in the URI (RFC 9112 section 3.2.2), the rest as it came, with this hop's own framing.
 * @throws {HttpRefusal} 501 for a coding of the body other than `chunked`
 */
export function forwardedHeaders(request: IncomingMessage, authority: string): string[] {
  const { rawHeaders, headers, method = '' } = request;
  const kept = keep(endToEndHeaders(rawHeaders), (name) => name !== 'host');
  const forwarded = ['Host', authority, ...kept];
  if (isChunked(request, 501)) forwarded.push('Transfer-Encoding', 'chunked');
  else if (headers['content-length'] === undefined && !WITHOUT_BODY.has(method)) {
    forwarded.push('Content-Length', '0');
  }
  return forwarded;
}

/**
 * What the client is sent of `answer`, without the framing: Node's `ServerResponse` adds its own.
 * @throws {HttpRefusal} 502 for a coding of the body other than `chunked`
 */
export function answeredHeaders(answer: IncomingMessage): string[] {
  isChunked(answer, 502);
  return endToEndHeaders(answer.rawHeaders);
}

export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) > 0);
}

export function valuesOf(raw: RawHeaders, wanted: string): string[] {
  return raw.filter((_, at) => at % 2 === 1 && raw[at - 1]?.toLowerCase() === wanted);
}

/** Node's parser takes `chunked` off; another coding would stay on the body after its name was gone. */
function isChunked({ headers }: IncomingMessage, statusOtherwise: number): boolean {
  const coding = headers['transfer-encoding'];
  if (coding === undefined) return false;
  if (coding.trim().toLowerCase() === 'chunked') return true;
  throw new HttpRefusal(statusOtherwise, `no such transfer coding here: ${coding}`);
}

function keep(raw: RawHeaders, isKept: (name: string) => boolean): string[] {
  return raw.filter((_, at) => isKept((raw[at - (at % 2)] ?? '').toLowerCase()));
}

function tokensOf(value: string): string[] {
  return value.split(',').map((token) => token.trim().toLowerCase());
}

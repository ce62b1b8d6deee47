import type { Socket } from 'node:net';
import { printable } from '../base/printable.ts';
import { type DialStepPlace, dialStep } from './dial-step.ts';
import type { ProxyCredentials } from './parse-proxy.ts';
import { formatEndpoint } from './plain-address.ts';
import type { TcpTarget } from './tcp-dial.ts';

/** The longest answer of a proxy that is read. */
const MAX_ANSWER_BYTES = 16_384;
const END_OF_HEAD = Buffer.from('\r\n\r\n');
const MAX_REASON_CHARACTERS = 80;

/**
 * Asks an HTTP proxy for a tunnel (RFC 9110 section 9.3.6). What the other end has said already stays in the socket. Rejects with a
 * `DialFailure`: `proxy squid:3128 refused: 407 Proxy Authentication Required`.
 */
export function proxyConnect(
  place: DialStepPlace,
  target: Pick<TcpTarget, 'host' | 'port'>,
  credentials: ProxyCredentials | undefined,
): Promise<void> {
  const { socket } = place;
  return dialStep(place, ({ done, fail }) => {
    let read = Buffer.alloc(0);
    const forget = (): void => {
      socket.removeListener('readable', onReadable);
      socket.removeListener('end', onEnd);
    };
    const refuse = (what: string): void => {
      forget();
      fail({ target: place.target, kind: 'other', what });
    };
    const onEnd = (): void => refuse('ended the connection without an answer');
    const onReadable = (): void => {
      read = Buffer.concat([read, ...taken(socket)]);
      const endAt = read.indexOf(END_OF_HEAD);
      if (endAt < 0 && read.length <= MAX_ANSWER_BYTES) return;
      const complaint = complaintAbout(read.subarray(0, endAt).toString('latin1'));
      if (endAt < 0) refuse('does not answer as a proxy does');
      else if (complaint !== undefined) refuse(complaint);
      else {
        forget();
        const rest = read.subarray(endAt + END_OF_HEAD.length);
        if (rest.length > 0) socket.unshift(rest);
        done();
      }
    };
    socket.on('readable', onReadable);
    socket.on('end', onEnd);
    socket.write(requestFor(target, credentials), 'latin1');
  });
}

/** What the socket has read so far. */
function* taken(socket: Socket): Generator<Uint8Array> {
  for (;;) {
    const bytes: unknown = socket.read();
    if (!(bytes instanceof Uint8Array)) return;
    yield bytes;
  }
}

function requestFor(
  { host, port }: Pick<TcpTarget, 'host' | 'port'>,
  credentials: ProxyCredentials | undefined,
): string {
  const authority = formatEndpoint(host, port);
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
  if (credentials !== undefined) {
    const pair = Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64');
    lines.push(`Proxy-Authorization: Basic ${pair}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** What is wrong with the head of an answer; nothing where the tunnel is open. */
function complaintAbout(head: string): string | undefined {
  const [, code, reason = ''] =
    /^HTTP\/1\.[01] (\d{3})(?: ([^\r\n]*))?(?:\r\n|$)/u.exec(head) ?? [];
  if (code === undefined) return 'does not answer as a proxy does';
  if (code.startsWith('2')) return undefined;
  return `refused: ${code} ${printable(reason).slice(0, MAX_REASON_CHARACTERS)}`.trim();
}

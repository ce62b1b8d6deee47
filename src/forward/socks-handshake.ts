import { concatBytes, EMPTY_BYTES, utf8 } from '../base/bytes.ts';
import { decodeSocksAddress } from './socks-address.ts';
import { socksReply } from './socks-reply.ts';
import { decodeSocks4Request } from './socks4-request.ts';

/** What a client asks of the proxy. */
export interface SocksRequest {
  readonly version: 4 | 5;
  readonly command: 'connect' | 'udp-associate';
  /** A name, not resolved, or an address without brackets. */
  readonly host: string;
  /** 0 only with `udp-associate`, where host and port are those the client will send from, or zeros. */
  readonly port: number;
}

/** What has come of some bytes; a step with no member: more bytes are needed. */
export interface SocksStep {
  /** To be written at once. */
  readonly reply?: Uint8Array;
  /** The handshake is complete; the answer to it is `socksReply`'s. */
  readonly request?: SocksRequest;
  /** Bytes behind the handshake, copied; absent when there are none. */
  readonly rest?: Uint8Array;
  /** Write the reply, if there is one, and close. */
  readonly isRefused?: boolean;
}

/** Each of 1..255 bytes of UTF-8: a longer one cannot be sent, and so never matches. */
export interface SocksCredentials {
  readonly user: string;
  readonly password: string;
}

type Stage = 'greeting' | 'credentials' | 'request' | 'complete' | 'refused';

/** One message read: its length, and what follows from it. */
interface Advance {
  readonly usedBytes: number;
  readonly stage: Stage;
  readonly reply?: Uint8Array;
  readonly request?: SocksRequest;
}

const METHOD = { none: 0x00, password: 0x02, unacceptable: 0xff } as const;
const COMMAND = { connect: 0x01, udpAssociate: 0x03 } as const;
/** The first letters of GET, HEAD, POST, PUT, PATCH, CONNECT, OPTIONS, DELETE and TRACE. */
const HTTP_INITIALS = utf8('GHPCODT');
const HTTP_HINT =
  'HTTP/1.0 400 This is a SOCKS port, not an HTTP proxy\r\nContent-Type: text/plain\r\n\r\n' +
  'This is a SOCKS port, not an HTTP proxy: set it as the SOCKS host of your program.\n';

/**
 * The server's half of a SOCKS handshake: versions 5 (RFC 1928; passwords RFC 1929), 4 and 4a. It has no socket: bytes in, a step out.
 *
 *            method 0
 *   greeting --------------------------------> request ---> complete
 *    |   |                                        ^            ^
 *    |   |  method 2                    match     |            |
 *    |   +-----------> credentials ---------------+            |
 *    |                                                         |
 *    +-- a request of SOCKS 4 ---------------------------------+         any other message ---> refused
 *
 * Between any two calls:
 * 1. `#held` is a proper prefix of one message, so at most 776 bytes (SOCKS 4a; the longest of SOCKS 5 has 513).
 * 2. It is empty in the states `complete` and `refused`, which are final.
 */
export class SocksHandshake {
  readonly #credentials: SocksCredentials | undefined;
  #stage: Stage = 'greeting';
  #held: Uint8Array = EMPTY_BYTES;

  /** With `credentials`, whoever does not name them is refused, and so is SOCKS 4, which has no passwords. */
  constructor(options: { readonly credentials?: SocksCredentials } = {}) {
    this.#credentials = options.credentials;
  }

  /**
   * Takes bytes, cut anywhere. They are copied. After the request every byte is `rest`; after a refusal all bytes are dropped.
   */
  push(bytes: Uint8Array): SocksStep {
    let held = concatBytes([this.#held, bytes]);
    let request: SocksRequest | undefined;
    const replies: Uint8Array[] = [];
    for (let next = this.#read(held); next !== undefined; next = this.#read(held)) {
      held = held.subarray(next.usedBytes);
      this.#stage = next.stage;
      request = next.request;
      if (next.reply !== undefined) replies.push(next.reply);
    }
    const isOver = this.#stage === 'complete' || this.#stage === 'refused';
    this.#held = isOver ? EMPTY_BYTES : held;
    return {
      ...(replies.length > 0 && { reply: concatBytes(replies) }),
      ...(request !== undefined && { request }),
      ...(this.#stage === 'complete' && held.length > 0 && { rest: held }),
      ...(this.#stage === 'refused' && { isRefused: true }),
    };
  }

  /** The next message, or `undefined` while it is not all there. */
  #read(held: Uint8Array): Advance | undefined {
    if (this.#stage === 'greeting') return readGreeting(held, this.#credentials);
    if (this.#stage === 'credentials') return readCredentials(held, this.#credentials);
    return this.#stage === 'request' ? readRequest(held) : undefined;
  }
}

function readGreeting(
  bytes: Uint8Array,
  credentials: SocksCredentials | undefined,
): Advance | undefined {
  const [version, methodCount] = bytes;
  if (version === undefined) return undefined;
  if (version === 4) return readRequest4(bytes, credentials !== undefined);
  if (version !== 5) {
    return refused(HTTP_INITIALS.includes(version) ? utf8(HTTP_HINT) : undefined);
  }
  if (methodCount === undefined || bytes.length < 2 + methodCount) return undefined;
  const usedBytes = 2 + methodCount;
  const method = credentials === undefined ? METHOD.none : METHOD.password;
  if (!bytes.subarray(2, usedBytes).includes(method)) {
    return refused(Uint8Array.of(5, METHOD.unacceptable));
  }
  const stage = credentials === undefined ? 'request' : 'credentials';
  return { usedBytes, stage, reply: Uint8Array.of(5, method) };
}

/**
 *   +-----+---------------+--------+---------------+------------+
 *   |  1  |  user length  |  user  |  pass length  |  password  |      RFC 1929 section 2
 *   +-----+---------------+--------+---------------+------------+
 */
function readCredentials(
  bytes: Uint8Array,
  expected: SocksCredentials | undefined,
): Advance | undefined {
  const [version, userLength] = bytes;
  if (version === undefined) return undefined;
  if (version !== 1) return refused(Uint8Array.of(1, 1));
  if (userLength === undefined) return undefined;
  const userEnd = 2 + userLength;
  const passwordLength = bytes[userEnd];
  if (passwordLength === undefined) return undefined;
  const usedBytes = userEnd + 1 + passwordLength;
  if (bytes.length < usedBytes) return undefined;
  const isUser = isSecret(bytes.subarray(2, userEnd), expected?.user);
  const isPassword = isSecret(bytes.subarray(userEnd + 1, usedBytes), expected?.password);
  if (!isUser || !isPassword) return refused(Uint8Array.of(1, 1));
  return { usedBytes, stage: 'request', reply: Uint8Array.of(1, 0) };
}

/** Takes as long for a wrong guess of a length as for the right one: the time must not tell how much of a guess was right. */
function isSecret(given: Uint8Array, expected: string | undefined): boolean {
  if (expected === undefined) return false;
  const secret = utf8(expected);
  let difference = given.length ^ secret.length;
  for (let i = 0; i < given.length; i += 1) difference |= (given[i] ?? 0) ^ (secret[i] ?? 0);
  return difference === 0;
}

/**
 *   +-----+-----------+------------+----------------------+
 *   |  5  |  command  |  reserved  |  address and port    |      RFC 1928 section 4
 *   +-----+-----------+------------+----------------------+
 */
function readRequest(bytes: Uint8Array): Advance | undefined {
  const [version, command] = bytes;
  if (version === undefined) return undefined;
  if (version !== 5) return refused(socksReply(5, 'failed'));
  const address = decodeSocksAddress(bytes, 3);
  if (address.kind === 'partial') return undefined;
  if (address.kind === 'unknown-type') return refused(socksReply(5, 'address-type'));
  const known = commandOf(command);
  if (known === undefined) return refused(socksReply(5, 'command'));
  if (address.kind === 'bad-name') return refused(socksReply(5, 'failed'));
  const { host, port, end } = address;
  return requested({ version: 5, command: known, host, port }, end);
}

function readRequest4(bytes: Uint8Array, needsPassword: boolean): Advance | undefined {
  const message = decodeSocks4Request(bytes);
  if (message.kind === 'partial') return undefined;
  const isConnect = message.kind === 'request' && message.command === COMMAND.connect;
  if (!isConnect || needsPassword) return refused(socksReply(4, 'failed'));
  const { host, port, end } = message;
  return requested({ version: 4, command: 'connect', host, port }, end);
}

/** BIND is left out, as in ssh: it waits for a connection from outside, which no channel gives. */
function commandOf(command: number | undefined): SocksRequest['command'] | undefined {
  if (command === COMMAND.connect) return 'connect';
  return command === COMMAND.udpAssociate ? 'udp-associate' : undefined;
}

function requested(request: SocksRequest, usedBytes: number): Advance {
  if (request.command === 'connect' && request.port === 0) {
    return refused(socksReply(request.version, 'failed'));
  }
  return { usedBytes, stage: 'complete', request };
}

/** What comes behind a refused message is nothing to us. */
function refused(reply?: Uint8Array): Advance {
  return { usedBytes: 0, stage: 'refused', ...(reply !== undefined && { reply }) };
}

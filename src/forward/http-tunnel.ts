import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { splice } from '../link/splice.ts';
import { brokenOff, dialFor, dialRequest, type HttpDial } from './http-dial.ts';
import { endToEndHeaders, forwardedHeaders, hasBody, valuesOf } from './http-headers.ts';
import { HttpRefusal } from './http-refusal.ts';
import { parseConnectTarget, parseHttpUri } from './http-target.ts';
import { resetDuplex } from './reset-duplex.ts';

const MAX_LISTENERS = 30;

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

/**
 * CONNECT: bytes both ways, each direction with an end of its own, until both have ended or either end is reset.
 * Rejects where nothing was said to the client yet with what to say; where the tunnel broke, both ends are destroyed.
 */
export async function tunnel(
  request: IncomingMessage,
  client: Duplex,
  dial: HttpDial,
): Promise<void> {
  const far = await dialFor(client, parseConnectTarget(request.url ?? ''), dial);
  if (far === undefined) return;
  client.write(ESTABLISHED);
  await join(client, far);
}

/**
 * A request that asks for another protocol on its connection, as a WebSocket's does. Where the server agrees, the connection is a
 * tunnel to it; otherwise the answer is the last one on it, since Node has let go of the client's connection.
 */
export async function upgrade(
  request: IncomingMessage,
  client: Duplex,
  dial: HttpDial,
): Promise<void> {
  if (hasBody(request)) throw new HttpRefusal(501, 'no upgrade of a request with a body');
  const resource = parseHttpUri(request.url ?? '', request.method ?? '');
  const headers = [
    ...forwardedHeaders(request, resource.authority),
    ...upgradeHeaders(request.rawHeaders),
  ];
  const begun = await dialRequest(request, { resource, headers }, dial);
  if (begun === undefined) return;
  const { outgoing, far } = begun;
  client.once('close', () => far.destroy());
  outgoing.end();
  const { answer, head } = await answerTo(outgoing, brokenOff(resource));
  if (head === undefined) {
    client.write(formatHead(answer, ['Connection', 'close']), 'latin1');
    await pipeline(answer, client);
    return;
  }
  if (head.length > 0) far.unshift(head);
  client.write(formatHead(answer, upgradeHeaders(answer.rawHeaders)), 'latin1');
  await join(client, far);
}

function join(client: Duplex, far: Duplex): Promise<void> {
  // Two pipelines add eight listeners to each; with those of their owners Node would warn of a leak, on the user's terminal.
  for (const end of [client, far]) end.setMaxListeners(MAX_LISTENERS);
  // Before the splice hears of it, which would close the client's end in order.
  far.once('error', () => resetDuplex(client));
  return splice({ readable: client, writable: client }, { readable: far, writable: far });
}

/** `head`: the first bytes of the other protocol, where the server has agreed to it. */
interface Answer {
  readonly answer: IncomingMessage;
  readonly head: Buffer | undefined;
}

function answerTo(outgoing: ClientRequest, whenNone: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    outgoing.once('upgrade', (answer, _, head) => resolve({ answer, head }));
    outgoing.once('response', (answer) => resolve({ answer, head: undefined }));
    // Also when the connection ends without an answer.
    outgoing.on('error', (cause) => reject(new HttpRefusal(502, whenNone, cause)));
  });
}

function upgradeHeaders(raw: readonly string[]): string[] {
  const protocols = valuesOf(raw, 'upgrade').flatMap((protocol) => ['Upgrade', protocol]);
  return ['Connection', 'Upgrade', ...protocols];
}

function formatHead(answer: IncomingMessage, ownHeaders: readonly string[]): string {
  const headers = [...endToEndHeaders(answer.rawHeaders), ...ownHeaders];
  const fields = headers.map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
  return `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n${fields}\r\n`;
}

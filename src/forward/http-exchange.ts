import type { ClientRequest, IncomingMessage, InformationEvent, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { messageOf } from '../base/errors.ts';
import { brokenOff, dialRequest, type HttpDial } from './http-dial.ts';
import { answeredHeaders, forwardedHeaders, valuesOf } from './http-headers.ts';
import { HttpRefusal } from './http-refusal.ts';
import { parseHttpUri } from './http-target.ts';
import { resetDuplex } from './reset-duplex.ts';

/**
 * Sends one request on to its server, and the answer back, both as they come. It has a connection of its own there, since the next
 * request of the client may be for another server. Resolves when nothing of it is left.
 */
export async function exchange(
  request: IncomingMessage,
  response: ServerResponse,
  dial: HttpDial,
): Promise<void> {
  // A response that never had its turn on the socket would not hear of its end.
  if (request.socket.destroyed) return;
  const over = new Promise<void>((resolve) => void response.once('close', resolve));
  // The server says what time it is.
  response.sendDate = false;
  response.on('error', () => undefined);
  try {
    const resource = parseHttpUri(request.url ?? '', request.method ?? '');
    const headers = forwardedHeaders(request, resource.authority);
    const begun = await dialRequest(request, { resource, headers }, dial);
    if (begun !== undefined) {
      passAnswer(begun.outgoing, request, response, brokenOff(resource));
      passRequest(begun.outgoing, begun.far, request, response);
    }
  } catch (error) {
    refuse(response, HttpRefusal.of(error));
  }
  await over;
}

function passRequest(
  outgoing: ClientRequest,
  far: Duplex,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  response.once('close', () => {
    outgoing.destroy();
    far.destroy();
    // What is left of a body that nobody wants is read nevertheless: the client's next request is behind it.
    request.unpipe(outgoing);
    request.resume();
  });
  outgoing.flushHeaders();
  request.pipe(outgoing);
}

function passAnswer(
  outgoing: ClientRequest,
  request: IncomingMessage,
  response: ServerResponse,
  whenNone: string,
): void {
  const knowsInterim = request.httpVersionMajor === 1 && request.httpVersionMinor >= 1;
  outgoing.on('information', (interim) => {
    if (knowsInterim && !response.headersSent) passInterim(interim, response);
  });
  outgoing.once('response', (answer) => {
    // An answer that was cut off must not look complete, also where only the end of the connection ends it.
    answer.on('error', () => resetDuplex(request.socket));
    try {
      const { statusCode = 502, statusMessage = '' } = answer;
      response.writeHead(statusCode, statusMessage, answeredHeaders(answer));
      response.flushHeaders();
      answer.pipe(response);
    } catch (error) {
      refuse(response, new HttpRefusal(502, `a malformed answer: ${messageOf(error)}`, error));
    }
  });
  outgoing.on('error', (cause) => {
    // Once there is an answer, its own error says whether all of it has arrived.
    if (!response.headersSent) refuse(response, new HttpRefusal(502, whenNone, cause));
  });
  outgoing.once('close', () => {
    if (!response.headersSent) refuse(response, new HttpRefusal(502, whenNone));
  });
}

/** RFC 9110 section 15.2 wants them passed on; Node can write these three. */
function passInterim({ statusCode, rawHeaders }: InformationEvent, response: ServerResponse): void {
  if (statusCode === 100) response.writeContinue();
  if (statusCode === 102) response.writeProcessing();
  const link = valuesOf(rawHeaders, 'link');
  if (statusCode !== 103 || link.length === 0) return;
  try {
    response.writeEarlyHints({ link });
  } catch {
    // A hint that Node does not understand is only a hint.
  }
}

function refuse(response: ServerResponse, refusal: HttpRefusal): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(refusal.status, [...refusal.headers]);
  response.end(refusal.line);
}

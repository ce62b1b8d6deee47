import { type ClientRequest, type IncomingMessage, request as makeRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { formatEndpoint } from '../link/plain-address.ts';
import { HttpRefusal } from './http-refusal.ts';
import type { HttpResource, HttpTarget } from './http-target.ts';

/** Reaches `target` from the far side. The duplex has `allowHalfOpen`. */
export type HttpDial = (target: HttpTarget) => Promise<Duplex>;

/** A request's head for the far side, ready to be sent. */
interface OutgoingHead {
  readonly resource: HttpResource;
  readonly headers: readonly string[];
}

/**
 * Begins the request at its server. The errors of `far` are the request's, and it is the caller's to destroy.
 * `undefined`: the client went away in the meantime, and `far` with it.
 */
export async function dialRequest(
  request: IncomingMessage,
  { resource, headers }: OutgoingHead,
  dial: HttpDial,
): Promise<{ readonly outgoing: ClientRequest; readonly far: Duplex } | undefined> {
  const far = await dialFor(request.socket, resource, dial);
  if (far === undefined) return undefined;
  try {
    const outgoing = makeRequest({
      method: request.method,
      path: resource.path,
      headers,
      createConnection: () => far,
    });
    // Node drops what is above its default of 2,000 fields without a word; the size of the head is bounded anyway.
    outgoing.maxHeadersCount = 0;
    return { outgoing, far };
  } catch (error) {
    far.destroy();
    throw new HttpRefusal(400, 'a request that cannot be forwarded', error);
  }
}

/** `undefined`: `client` was closed while the far side was dialled, and what was reached is let go. */
export async function dialFor(
  client: Duplex,
  { host, port }: HttpTarget,
  dial: HttpDial,
): Promise<Duplex | undefined> {
  const far = await dial({ host, port });
  // Whoever uses it hears of its end by 'close'; an error that comes later or first must not end the process.
  far.on('error', () => undefined);
  if (client.destroyed) {
    far.destroy();
    return undefined;
  }
  if (far.destroyed) throw new HttpRefusal(502, brokenOff({ host, port }));
  return far;
}

export function brokenOff({ host, port }: HttpTarget): string {
  return `${formatEndpoint(host, port)} closed the connection without an answer`;
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../base/clock.ts';
import { systemCodeOf } from '../base/errors.ts';
import type { HttpDial } from './http-dial.ts';
import { exchange } from './http-exchange.ts';
import { sayLast } from './http-last-words.ts';
import { HttpRefusal } from './http-refusal.ts';
import { tunnel, upgrade } from './http-tunnel.ts';

/** A client that has not sent a whole head this long after its turn has come, in milliseconds, is cut off. Node's own default. */
const HEAD_TIMEOUT_MS = 60_000;

export interface HttpConnectionDeps {
  readonly dial: HttpDial;
  readonly clock: Clock;
}

/**
 * One client of the proxy.
 *
 *   head due --- request ---> answering --- all answered ---> head due
 *       |                         |
 *       +---- CONNECT, upgrade ---)---> tunnel (final)
 *       +---- malformed ----------+---> last words (final)
 *
 * Between any two calls: at most one request has been sent on, and it is the oldest that is not answered. A client may send the next
 * ones ahead; they wait, as what they do may depend on the order.
 */
export class HttpConnection {
  readonly #socket: Duplex;
  readonly #deps: HttpConnectionDeps;
  /** Requests that are not answered. */
  #unanswered = 0;
  #turn: Promise<void> = Promise.resolve();
  #current: ServerResponse | undefined;
  #headTimer: Timer;
  #hasSaidLast = false;

  constructor(socket: Duplex, deps: HttpConnectionDeps) {
    this.#socket = socket;
    this.#deps = deps;
    this.#headTimer = this.#awaitHead();
    socket.once('close', () => this.#headTimer.cancel());
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    // An aborted request; what answers it hears of it by the response's 'close'.
    request.on('error', () => undefined);
    this.#headTimer.cancel();
    this.#unanswered += 1;
    this.#turn = this.#turn.then(() => this.#answer(request, response));
  }

  tunnel(request: IncomingMessage, head: Buffer): void {
    this.#handOver(head, () => tunnel(request, this.#socket, this.#deps.dial));
  }

  upgrade(request: IncomingMessage, head: Buffer): void {
    this.#handOver(head, () => upgrade(request, this.#socket, this.#deps.dial));
  }

  /** Bytes that are no request, or a connection that broke. */
  malformed(error: Error): void {
    if (this.#hasSaidLast) return;
    // In the middle of an answer there is no room for another.
    if (!this.#socket.writable || this.#current?.headersSent === true) {
      this.#socket.destroy();
      return;
    }
    const isTooLong = systemCodeOf(error) === 'HPE_HEADER_OVERFLOW';
    this.#say(new HttpRefusal(isTooLong ? 431 : 400, `malformed request: ${error.message}`, error));
  }

  #awaitHead(): Timer {
    return this.#deps.clock.schedule(HEAD_TIMEOUT_MS, () => this.#socket.destroy());
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#current = response;
    try {
      await exchange(request, response, this.#deps.dial);
    } catch {
      this.#socket.destroy();
    }
    this.#current = undefined;
    this.#unanswered -= 1;
    if (this.#unanswered === 0 && !this.#socket.destroyed) this.#headTimer = this.#awaitHead();
  }

  /** Node's parser has let go of the socket. `head`: what it had read beyond the request. */
  #handOver(head: Buffer, start: () => Promise<void>): void {
    this.#headTimer.cancel();
    // Behind requests that are not answered; no client does it, and Node does not drain their answers any more.
    if (this.#unanswered > 0) {
      this.#socket.destroy();
      return;
    }
    if (head.length > 0) this.#socket.unshift(head);
    start().then(
      () => sayLast(this.#socket, '', this.#deps.clock),
      (error: unknown) => this.#say(HttpRefusal.of(error)),
    );
  }

  #say(refusal: HttpRefusal): void {
    this.#hasSaidLast = true;
    this.#headTimer.cancel();
    sayLast(this.#socket, refusal.format(), this.#deps.clock);
  }
}

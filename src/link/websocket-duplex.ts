import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { EtError, messageOf } from '../base/errors.ts';
import { answerPings } from './answer-pings.ts';
import { MAX_WEBSOCKET_MESSAGE_BYTES } from './websocket-limits.ts';

/** RFC 6455 section 7.4.1: a closing frame with code 1000, or without a code, is an orderly end. */
const NORMAL_CLOSURE = 1000;
const NO_STATUS = 1005;
/** What may wait in each direction, in bytes. */
const MAX_WAITING_BYTES: number = 256 * 1024;

type Done = (error?: Error | null) => void;

/**
 * The bytes of an open WebSocket as a stream: each write leaves as binary messages, whose boundaries mean nothing.
 *
 * A WebSocket has no half-close: the end of either side ends both, behind what was written. A peer that breaks off, breaks the
 * protocol or sends text destroys the stream, with an error that nobody needs to listen for. What is written behind the peer's end
 * is thrown away.
 */
export class WebSocketDuplex extends Duplex {
  readonly #webSocket: WebSocket;
  #isClosed = false;
  #finished: Done | undefined;

  constructor(webSocket: WebSocket) {
    super({
      allowHalfOpen: false,
      readableHighWaterMark: MAX_WAITING_BYTES,
      writableHighWaterMark: MAX_WAITING_BYTES,
      decodeStrings: true,
    });
    this.#webSocket = webSocket;
    this.on('error', () => undefined);
    webSocket.pause();
    webSocket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    webSocket.on('error', (error) => this.#break(messageOf(error), error));
    webSocket.on('close', (code) => this.#close(code));
    answerPings(webSocket);
  }

  override _read(): void {
    this.#webSocket.resume();
  }

  override _write(bytes: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    const webSocket = this.#webSocket;
    if (webSocket.readyState !== webSocket.OPEN) {
      done();
      return;
    }
    let hasRoom = false;
    for (let at = 0; at < bytes.length; at += MAX_WEBSOCKET_MESSAGE_BYTES) {
      const isLast = at + MAX_WEBSOCKET_MESSAGE_BYTES >= bytes.length;
      // An error here is one of the connection, which says itself how it ended.
      webSocket.send(bytes.subarray(at, at + MAX_WEBSOCKET_MESSAGE_BYTES), () => {
        if (isLast && !hasRoom) done();
      });
    }
    hasRoom = webSocket.bufferedAmount < MAX_WAITING_BYTES || bytes.length === 0;
    if (hasRoom) done();
  }

  override _final(done: Done): void {
    if (this.#isClosed) {
      done();
      return;
    }
    this.#finished = done;
    this.#webSocket.close(NORMAL_CLOSURE);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#webSocket.terminate();
    done(error);
  }

  #receive(data: unknown, isBinary: boolean): void {
    if (this.destroyed) return;
    if (!isBinary || !(data instanceof Uint8Array)) this.#break('a text message came');
    else if (!this.push(data)) this.#webSocket.pause();
  }

  #close(code: number): void {
    this.#isClosed = true;
    if (this.destroyed) return;
    if (code !== NORMAL_CLOSURE && code !== NO_STATUS) this.#break(`closed, code ${code}`);
    else {
      this.push(null);
      this.#finished?.();
    }
  }

  #break(what: string, cause?: unknown): void {
    this.destroy(new EtError('ET_ERR_CARRIER', `websocket: ${what}`, { cause }));
  }
}

import { Duplex } from 'node:stream';
import { copyOf } from '../base/bytes.ts';
import type { EtError } from '../base/errors.ts';
import type { Channel, ChannelEvents } from './channel.ts';

type Done = (error?: Error | null) => void;

/**
 * A channel as a Node `Duplex`: backpressure is the channel's credit, ending one side is its half-close, destroying it a reset.
 *
 * Between any two calls: every byte delivered by the channel has been pushed, and its credit is returned when it was read.
 */
export class ChannelDuplex extends Duplex implements ChannelEvents {
  #channel: Channel | undefined;
  #pendingWrite: Done | undefined;
  #unread = 0;
  readonly #onWrite: (bytes: number) => void;

  /** `onWrite` is told of what is written, as it is handed to the channel. */
  constructor(onWrite: (bytes: number) => void = () => undefined) {
    super({ allowHalfOpen: true });
    this.#onWrite = onWrite;
  }

  /** Gives it its channel; before that, writes wait. */
  attach(channel: Channel): void {
    this.#channel = channel;
    this.emit('attached');
  }

  override _read(): void {
    const unread = this.#unread;
    this.#unread = 0;
    if (unread > 0) this.#channel?.consumed(unread);
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    const channel = this.#channel;
    if (channel === undefined) {
      this.once('attached', () => this._write(chunk, _encoding, done));
      return;
    }
    this.#onWrite(chunk.length);
    if (channel.write(chunk)) done();
    else this.#pendingWrite = done;
  }

  override _final(done: Done): void {
    const channel = this.#channel;
    if (channel === undefined) {
      this.once('attached', () => this._final(done));
      return;
    }
    channel.end();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    // With both halves over, their ends may still be on their way.
    if (!this.readableEnded || !this.writableFinished) this.#channel?.reset();
    this.#pendingWrite = undefined;
    done(error);
  }

  onData(bytes: Uint8Array): void {
    if (this.push(copyOf(bytes))) this.#channel?.consumed(bytes.length);
    else this.#unread += bytes.length;
  }

  onEof(): void {
    this.push(null);
  }

  onDrain(): void {
    const done = this.#pendingWrite;
    this.#pendingWrite = undefined;
    done?.();
  }

  onRefuse(error: EtError): void {
    this.destroy(error);
  }

  onReset(error: EtError): void {
    this.destroy(error);
  }
}

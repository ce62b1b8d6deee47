import { concatBytes, textOf } from '../../src/base/bytes.ts';
import type { Channel, ChannelEvents } from '../../src/mux/channel.ts';

/** Keeps what a channel's owner is told: the data in one piece, everything else as lines in order. */
export class ChannelLog implements ChannelEvents {
  readonly lines: string[] = [];
  /** Consumes what comes at once, when set. */
  reader: Channel | undefined;
  unconsumedBytes = 0;
  byteCount = 0;
  /** False: only counts the data. */
  keeps = true;
  #pieces: Uint8Array[] = [];

  get data(): Uint8Array {
    this.#pieces = [concatBytes(this.#pieces)];
    return this.#pieces[0] as Uint8Array;
  }

  get text(): string {
    return textOf(this.data);
  }

  /** Consumes what waits, and from now on what comes. */
  read(channel: Channel): this {
    this.reader = channel;
    channel.consumed(this.unconsumedBytes);
    this.unconsumedBytes = 0;
    return this;
  }

  onData(bytes: Uint8Array): void {
    this.byteCount += bytes.length;
    if (this.keeps) this.#pieces.push(bytes.slice());
    if (this.reader === undefined) this.unconsumedBytes += bytes.length;
    else this.reader.consumed(bytes.length);
  }

  onNote(body: Record<string, unknown>): void {
    this.lines.push(`note ${JSON.stringify(body)} at ${this.byteCount}`);
  }

  onEof(): void {
    this.lines.push(`eof at ${this.byteCount}`);
  }

  onAccept(metadata: Record<string, unknown>): void {
    this.lines.push(`accept ${JSON.stringify(metadata)}`);
  }

  onRefuse(_error: Error, reason: { code: number; text: string }): void {
    this.lines.push(`refuse ${reason.code} ${reason.text}`);
  }

  onReset(_error: Error, reason: { code: number; text: string }): void {
    this.lines.push(`reset ${reason.code} ${reason.text}`);
  }

  onDrain(): void {
    this.lines.push('drain');
  }

  onDatagram(bytes: Uint8Array): void {
    this.lines.push(`datagram ${bytes.length}`);
  }

  onClose(): void {
    this.lines.push('close');
  }
}

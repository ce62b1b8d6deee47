import type { Duplex } from 'node:stream';
import { copyOf } from '../base/bytes.ts';
import { EtError, messageOf } from '../base/errors.ts';
import type { StreamSocketEvents } from '../link/stream-socket.ts';
import type { Joinable } from './joinable.ts';

/** A stream of Node's, as a WebSocket gives one, in the place of a socket. */
export class DuplexEnd implements Joinable {
  readonly label: string;
  readonly #stream: Duplex;
  #events: StreamSocketEvents | undefined;
  #error: EtError | undefined;
  #isOver = false;

  constructor(stream: Duplex, label: string) {
    this.#stream = stream;
    this.label = label;
    stream.pause();
    stream.on('data', (bytes: Uint8Array) => this.#events?.onBytes(bytes));
    stream.on('end', () => this.#events?.onEnd());
    stream.on('drain', () => this.#events?.onDrain());
    stream.on('error', (cause) => {
      this.#error ??= new EtError('ET_ERR_CARRIER', `${label}: ${messageOf(cause)}`, { cause });
    });
    stream.on('close', () => {
      this.#isOver = true;
      const isWhole = stream.readableEnded && stream.writableFinished;
      const lost = isWhole ? undefined : new EtError('ET_ERR_CARRIER', `${label}: closed`);
      this.#events?.onClose(this.#error ?? lost);
    });
  }

  /** Only what is beyond the stream's own buffer: less of it leaves without being waited for. */
  get queuedBytes(): number {
    return this.#isOver || !this.#stream.writableNeedDrain ? 0 : this.#stream.writableLength;
  }

  start(events: StreamSocketEvents): void {
    this.#events = events;
    if (this.#isOver) queueMicrotask(() => events.onClose(this.#error));
    else this.#stream.resume();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  write(bytes: Uint8Array): void {
    if (!this.#isOver && !this.#stream.writableEnded) this.#stream.write(copyOf(bytes));
  }

  end(): void {
    this.#stream.end();
  }

  reset(): void {
    this.#events = undefined;
    this.#isOver = true;
    this.#stream.destroy();
  }
}

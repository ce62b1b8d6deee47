import type { SessionSource } from '../../src/backed/session-events.ts';
import { ByteQueue } from '../../src/base/byte-queue.ts';
import { concatBytes } from '../../src/base/bytes.ts';
import { MAX_STREAMS } from '../../src/wire/limits.ts';

const STREAMS = Array.from({ length: MAX_STREAMS }, (_, stream) => stream);

/** What a test sends over a session's streams, and what came of the peer's. */
export class StreamScript implements SessionSource {
  readonly #queues = STREAMS.map(() => new ByteQueue());
  readonly #received: Uint8Array[][] = STREAMS.map(() => []);
  readonly #receivedBytes = STREAMS.map(() => 0);
  /** Called when there is something to send. */
  onReady: () => void = () => undefined;
  /** Called with each piece that arrived. */
  onReceive: (stream: number, bytes: Uint8Array) => void = () => undefined;
  /** False: pieces are counted and not kept. */
  isKeeping = true;
  overdue = 0;

  get ready(): number {
    let ready = 0;
    for (const stream of STREAMS) if (this.queuedBytes(stream) > 0) ready |= 1 << stream;
    return ready;
  }

  queuedBytes(stream: number): number {
    return this.#queues[stream]?.length ?? 0;
  }

  write(stream: number, bytes: Uint8Array): void {
    this.#queues[stream]?.push(bytes);
    this.onReady();
  }

  take(stream: number, target: Uint8Array): number {
    return this.#queues[stream]?.takeInto(target) ?? 0;
  }

  receive(stream: number, bytes: Uint8Array): void {
    this.#receivedBytes[stream] = this.receivedBytes(stream) + bytes.length;
    if (this.isKeeping) this.#received[stream]?.push(bytes.slice());
    this.onReceive(stream, bytes);
  }

  received(stream: number): Uint8Array {
    return concatBytes(this.#received[stream] ?? []);
  }

  receivedBytes(stream: number): number {
    return this.#receivedBytes[stream] ?? 0;
  }
}

/** Bytes that tell their place: any two windows of them differ. */
export function pattern(length: number, from = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 1) {
    const at = from + i;
    bytes[i] = (at ^ (at >> 8) ^ Math.imul(at >> 3, 0x9e_37)) & 0xff;
  }
  return bytes;
}

import { EtError } from '../base/errors.ts';
import { incompressibleBytes } from '../base/incompressible-bytes.ts';
import type { Channel, ChannelEvents, IncomingOpen } from '../mux/channel.ts';
import { type JsonObject, REASON } from '../wire/messages.ts';

/** More at a time would measure each other; each may hold some 256 KiB here. */
export const MAX_BENCH_CHANNELS = 8;
/** The most that a client may ask for in one channel, in bytes: a quarter of an hour at 1 GB/s. */
export const MAX_BENCH_BYTES: number = 2 ** 40;
/** What an echo takes before its answers have left, in bytes. */
const ECHO_WINDOW_BYTES = 65_536;
/** Larger than the window of any compression in ssh. */
const BLOCK_BYTES = 65_536;

/**
 * The server's end of `et bench`, PROTOCOL.md section 8. It keeps nothing, and touches neither files nor programs: what is measured
 * is the session.
 */
export class BenchChannels {
  #count = 0;

  /** @throws {EtError} ET_ERR_CHANNEL_METADATA, and `incoming` is then still to be answered. */
  open(incoming: IncomingOpen): void {
    const start = starterOf(incoming.metadata);
    if (this.#count >= MAX_BENCH_CHANNELS) {
      incoming.refuse(REASON.limit, `${MAX_BENCH_CHANNELS} channels measure already`);
      return;
    }
    this.#count += 1;
    start(incoming, () => {
      this.#count -= 1;
    });
  }
}

type Start = (incoming: IncomingOpen, onClose: () => void) => void;

function starterOf(metadata: JsonObject): Start {
  const { do: what, bytes } = metadata as { do?: unknown; bytes?: unknown };
  switch (what) {
    case 'echo':
      return (incoming, onClose) => void new Echo(incoming, onClose);
    case 'receive':
      return (incoming, onClose) => void new Sink(incoming, onClose);
    case 'send': {
      const count = byteCount(bytes);
      return (incoming, onClose) => void new Source(incoming, count, onClose);
    }
    default:
      throw metadataError('do is none of echo, send and receive');
  }
}

function byteCount(bytes: unknown): number {
  const isCount = typeof bytes === 'number' && Number.isInteger(bytes);
  if (isCount && bytes >= 0 && bytes <= MAX_BENCH_BYTES) return bytes;
  throw metadataError(`bytes is not a whole number in 0..${MAX_BENCH_BYTES}`);
}

function metadataError(problem: string): EtError {
  return new EtError('ET_ERR_CHANNEL_METADATA', `bench: ${problem}`);
}

/** Gives each byte back. A client that does not take its answers gets no more credit. */
class Echo implements ChannelEvents {
  readonly onClose: () => void;
  readonly #channel: Channel;
  /** Bytes whose answers wait above the high-water mark. */
  #owed = 0;

  constructor(incoming: IncomingOpen, onClose: () => void) {
    this.onClose = onClose;
    this.#channel = incoming.accept({}, this, {
      priority: 'interactive',
      maxCredit: ECHO_WINDOW_BYTES,
      highWaterBytes: ECHO_WINDOW_BYTES,
    });
  }

  onData(bytes: Uint8Array): void {
    this.#owed += bytes.length;
    if (this.#channel.write(bytes)) this.onDrain();
  }

  onDrain(): void {
    const owed = this.#owed;
    this.#owed = 0;
    this.#channel.consumed(owed);
  }

  onEof(): void {
    this.#channel.end();
  }
}

/** Sends so many bytes. */
class Source implements ChannelEvents {
  readonly onClose: () => void;
  readonly #channel: Channel;
  readonly #block = incompressibleBytes(BLOCK_BYTES);
  #left: number;

  constructor(incoming: IncomingOpen, bytes: number, onClose: () => void) {
    this.onClose = onClose;
    this.#left = bytes;
    this.#channel = incoming.accept({}, this, { priority: 'bulk' });
    this.onDrain();
  }

  onDrain(): void {
    while (this.#left > 0) {
      const piece = this.#block.subarray(0, Math.min(this.#left, BLOCK_BYTES));
      this.#left -= piece.length;
      if (!this.#channel.write(piece)) break;
    }
    if (this.#left === 0) this.#channel.end();
  }

  onData(bytes: Uint8Array): void {
    this.#channel.consumed(bytes.length);
  }
}

/** Takes what comes, and says how much it was. */
class Sink implements ChannelEvents {
  readonly onClose: () => void;
  readonly #channel: Channel;
  #received = 0;

  constructor(incoming: IncomingOpen, onClose: () => void) {
    this.onClose = onClose;
    this.#channel = incoming.accept({}, this, { priority: 'bulk' });
  }

  onData(bytes: Uint8Array): void {
    this.#received += bytes.length;
    this.#channel.consumed(bytes.length);
  }

  onEof(): void {
    this.#channel.note({ received: this.#received });
    this.#channel.end();
  }
}

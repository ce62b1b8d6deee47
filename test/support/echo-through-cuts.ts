import { createHash, randomBytes } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';

/** Each cut has this much around it. */
const PIECE_BYTES = 1_000_000;
/** This part of a piece has come back when the cut is made: what is left is on its way, in both directions. */
const CUT_AFTER = 0.25;

export interface EchoedBytes {
  /** SHA-256 of what was sent, and of what has come back until its end. */
  readonly sent: string;
  readonly received: string;
  readonly receivedBytes: number;
}

export interface EchoOptions {
  readonly to: Writable;
  readonly from: Readable;
  /** How many pieces are sent, with a cut in each. */
  readonly cutCount: number;
  readonly pieceBytes?: number;
  readonly cut: () => void | Promise<void>;
  /** Called once all but the last bytes have come back: what is at the other end still runs. */
  readonly beforeEnd?: () => Promise<void>;
}

/**
 * Sends pieces to what echoes them, and cuts as soon as a part of each is back. The next piece comes after the cut is over: so every cut
 * meets a connection that carries bytes both ways.
 */
export async function echoThroughCuts(options: EchoOptions): Promise<EchoedBytes> {
  const { to, from, cutCount, cut, pieceBytes = PIECE_BYTES } = options;
  const sent = createHash('sha256');
  const sink = new Sink(from);
  let sentBytes = 0;
  for (let i = 0; i < cutCount; i += 1) {
    const piece = randomBytes(pieceBytes);
    sent.update(piece);
    to.write(piece);
    await sink.reaches(sentBytes + CUT_AFTER * pieceBytes);
    await cut();
    sentBytes += pieceBytes;
  }
  await sink.reaches(sentBytes);
  await options.beforeEnd?.();
  const last = randomBytes(1000);
  sent.update(last);
  to.end(last);
  await sink.end;
  return { sent: sent.digest('hex'), received: sink.digest(), receivedBytes: sink.bytes };
}

/** Counts and hashes what comes. */
class Sink {
  bytes = 0;
  readonly end: Promise<void>;
  readonly #hash = createHash('sha256');
  #wanted: { readonly bytes: number; readonly tell: () => void } | undefined;

  constructor(from: Readable) {
    from.on('data', (bytes: Buffer) => {
      this.bytes += bytes.length;
      this.#hash.update(bytes);
      this.#look();
    });
    this.end = new Promise((resolve, reject) => {
      from.once('end', resolve).once('error', reject);
    });
    // Whoever awaits it hears of it.
    this.end.catch(() => undefined);
  }

  /** Settles at once when so much has come, before any more is read; throws where the end comes first. */
  async reaches(bytes: number): Promise<void> {
    const reached = new Promise<void>((resolve) => {
      this.#wanted = { bytes, tell: resolve };
      this.#look();
    });
    const tooSoon = this.end.then(() => {
      if (this.bytes < bytes) throw new Error(`the end after ${this.bytes} bytes of ${bytes}`);
    });
    await Promise.race([reached, tooSoon]);
  }

  digest(): string {
    return this.#hash.digest('hex');
  }

  #look(): void {
    if (this.#wanted !== undefined && this.bytes >= this.#wanted.bytes) this.#wanted.tell();
  }
}

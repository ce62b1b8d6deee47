import { Duplex } from 'node:stream';
import type { Carrier, Dial } from '../../src/link/carrier.ts';

/** What a dial gives, as a stream that is connecting: for `ResumableDuplex`, which holds a whole session over such streams. */
export class DialledDuplex extends Duplex {
  readonly #stop = new AbortController();
  readonly #dial: Dial;
  #carrier: Carrier | undefined;

  constructor(dial: Dial) {
    super();
    this.#dial = dial;
  }

  override _construct(done: (error?: Error) => void): void {
    this.#dial(this.#stop.signal).then((carrier) => {
      this.#carrier = carrier;
      carrier.start({
        onBytes: (bytes) => this.push(Buffer.from(bytes)),
        onClose: (error) => {
          if (error === undefined) this.push(null);
          else this.destroy(error);
        },
      });
      done();
    }, done);
  }

  override _read(): void {
    // A carrier brings what it has; the session above has credit of its own.
  }

  override _write(bytes: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    const copy = new Uint8Array(bytes);
    this.#carrier?.write([copy]);
    done();
  }

  override _final(done: () => void): void {
    this.#carrier?.close();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#stop.abort();
    this.#carrier?.reset();
    done(error);
  }
}

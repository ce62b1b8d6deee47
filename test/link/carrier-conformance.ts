import { afterEach, describe, expect, test } from 'vitest';
import type { EtError } from '../../src/base/errors.ts';
import type { Carrier, CarrierEvents } from '../../src/link/carrier.ts';
import { SeededRandom } from '../support/seeded-random.ts';

/** Two joined carriers, not started, and a way to let things happen. */
export interface CarrierPair {
  readonly a: Carrier;
  readonly b: Carrier;
  /** The transport takes everything at once, so that nothing is ever queued. */
  readonly hasEndlessRoom?: true;
  /** Lets time pass until `isDone`; fails when nothing more can happen. */
  until(isDone: () => boolean): Promise<void>;
  /** Takes away what the pair was made of, and fails if the carriers left anything behind. */
  dispose(): Promise<void>;
}

const PERIOD_BYTES = 65_521; // a prime: no chunk size divides it
const PATTERN: Buffer = (() => {
  const period = Buffer.from(new SeededRandom(1).bytes(PERIOD_BYTES));
  return Buffer.concat(Array.from({ length: 6 }, () => period));
})();
const MAX_WRITE_BYTES = 4 * PERIOD_BYTES;

/** Bytes `[offset, offset + length)` of the endless stream that every test sends. */
export function patternAt(offset: number, length: number): Uint8Array {
  const from = offset % PERIOD_BYTES;
  return new Uint8Array(PATTERN.subarray(from, from + length));
}

/** Notes what a carrier says, and where its bytes first differ from the pattern. */
export class CarrierLog implements CarrierEvents {
  receivedBytes = 0;
  wrongAt: number | undefined;
  closed: 'no' | 'ended' | EtError = 'no';
  eventsAfterClose = 0;

  onBytes(bytes: Uint8Array): void {
    if (this.closed !== 'no') this.eventsAfterClose += 1;
    const from = this.receivedBytes % PERIOD_BYTES;
    const isRight = PATTERN.subarray(from, from + bytes.length).equals(bytes);
    if (!isRight) this.wrongAt ??= this.receivedBytes;
    this.receivedBytes += bytes.length;
  }

  onClose(error: EtError | undefined): void {
    if (this.closed !== 'no') this.eventsAfterClose += 1;
    this.closed = error ?? 'ended';
  }
}

class Sender {
  sentBytes = 0;
  readonly #carrier: Carrier;

  constructor(carrier: Carrier) {
    this.#carrier = carrier;
  }

  send(...sizes: number[]): void {
    const pieces = sizes.map((size) => {
      const piece = patternAt(this.sentBytes, size);
      this.sentBytes += size;
      return piece;
    });
    this.#carrier.write(pieces);
  }
}

const MIB = 1024 * 1024;

/** What every carrier of bytes owes its owner. */
export function describeCarrier(name: string, makePair: () => Promise<CarrierPair>): void {
  describe(`carrier of bytes: ${name}`, { timeout: 60_000 }, () => {
    let pair: CarrierPair;
    afterEach(() => pair.dispose());

    const open = async (): Promise<{ a: Carrier; b: Carrier; toB: Sender; toA: Sender }> => {
      pair = await makePair();
      const { a, b } = pair;
      return { a, b, toB: new Sender(a), toA: new Sender(b) };
    };
    const logOf = (carrier: Carrier): CarrierLog => {
      const log = new CarrierLog();
      carrier.start(log);
      return log;
    };
    /** Enough of a peer's life for a stray event to show. */
    const settle = async (): Promise<void> => {
      let turns = 50;
      await pair.until(() => {
        turns -= 1;
        return turns < 0;
      });
    };

    test('bytes arrive in order, whatever the pieces', async () => {
      const { b, toB } = await open();
      const atB = logOf(b);
      toB.send(1);
      toB.send(0, 3, 0, 70_000, 1);
      toB.send(...Array.from({ length: 1500 }, (_, i) => (i % 7) + 1));
      toB.send(MAX_WRITE_BYTES);
      await pair.until(() => atB.receivedBytes >= toB.sentBytes);
      expect(atB).toMatchObject({ wrongAt: undefined, closed: 'no' });
      expect(atB.receivedBytes).toBe(toB.sentBytes);
    });

    test('bytes that arrive before start wait for it', async () => {
      const { a, b, toB, toA } = await open();
      toB.send(10_000);
      toA.send(20_000);
      await settle();
      const atB = logOf(b);
      const atA = logOf(a);
      await pair.until(() => atB.receivedBytes >= 10_000 && atA.receivedBytes >= 20_000);
      expect([atA.wrongAt, atB.wrongAt]).toEqual([undefined, undefined]);
    });

    test('the end of the peer waits for start, behind the bytes before it', async () => {
      const { a, b, toB } = await open();
      toB.send(50_000);
      a.close();
      await settle();
      const atB = logOf(b);
      expect(atB.closed).toBe('no');
      await pair.until(() => atB.closed !== 'no');
      expect(atB).toMatchObject({ receivedBytes: 50_000, wrongAt: undefined, closed: 'ended' });
    });

    test('20 MiB each way at once, in writes of random sizes', async () => {
      const { a, b, toB, toA } = await open();
      const [atA, atB] = [logOf(a), logOf(b)];
      const random = new SeededRandom(7);
      const totalBytes = 20 * MIB;
      const top = (carrier: Carrier, sender: Sender): void => {
        while (sender.sentBytes < totalBytes && carrier.queuedBytes < MIB) {
          const size = Math.ceil(MAX_WRITE_BYTES ** random.uniform());
          sender.send(Math.min(size, totalBytes - sender.sentBytes));
        }
      };
      await pair.until(() => {
        top(a, toB);
        top(b, toA);
        return atA.receivedBytes >= totalBytes && atB.receivedBytes >= totalBytes;
      });
      expect([atA.receivedBytes, atB.receivedBytes]).toEqual([totalBytes, totalBytes]);
      expect([atA.wrongAt, atB.wrongAt]).toEqual([undefined, undefined]);
    });

    test('queuedBytes rises while the peer does not read, and falls to 0 when it does', async () => {
      const { a, b, toB } = await open();
      expect(a.queuedBytes).toBe(0);
      while (toB.sentBytes < 30 * MIB) toB.send(MAX_WRITE_BYTES);
      await settle();
      if (pair.hasEndlessRoom !== true) expect(a.queuedBytes).toBeGreaterThan(0);
      const atB = logOf(b);
      await pair.until(() => atB.receivedBytes >= toB.sentBytes && a.queuedBytes === 0);
      expect(atB.wrongAt).toBeUndefined();
    });

    test('close first delivers 10 MiB, then ends the peer in an orderly way', async () => {
      const { a, b, toB } = await open();
      const [atA, atB] = [logOf(a), logOf(b)];
      while (toB.sentBytes < 10 * MIB) toB.send(MAX_WRITE_BYTES);
      a.close();
      await pair.until(() => atB.closed !== 'no');
      expect(atB).toMatchObject({ wrongAt: undefined, closed: 'ended', eventsAfterClose: 0 });
      expect(atB.receivedBytes).toBe(toB.sentBytes);
      expect(atA.closed).toBe('no');
    });

    test('close delivers everything although the peer is sending all the while', async () => {
      const { a, b, toB, toA } = await open();
      const [atA, atB] = [logOf(a), logOf(b)];
      while (toA.sentBytes < 3 * MIB) toA.send(MAX_WRITE_BYTES);
      while (toB.sentBytes < 3 * MIB) toB.send(MAX_WRITE_BYTES);
      const { receivedBytes } = atA;
      a.close();
      await pair.until(() => atB.closed !== 'no');
      expect(atB).toMatchObject({ wrongAt: undefined, closed: 'ended' });
      expect(atB.receivedBytes).toBe(toB.sentBytes);
      expect(atA.receivedBytes).toBe(receivedBytes);
    });

    test('both ends may close at once', async () => {
      const { a, b, toB, toA } = await open();
      const [atA, atB] = [logOf(a), logOf(b)];
      toB.send(1000);
      toA.send(1000);
      a.close();
      b.close();
      await settle();
      expect([atA.closed, atB.closed]).toEqual(['no', 'no']);
    });

    test('after close no event follows, and writing is ignored', async () => {
      const { a, b, toB, toA } = await open();
      const [atA, atB] = [logOf(a), logOf(b)];
      toB.send(100);
      a.close();
      a.write([patternAt(0, 10)]);
      a.close();
      toA.send(100);
      await pair.until(() => atB.closed !== 'no');
      await settle();
      expect(atB).toMatchObject({ receivedBytes: 100, closed: 'ended', eventsAfterClose: 0 });
      expect(atA).toMatchObject({ receivedBytes: 0, closed: 'no' });
    });

    test('after reset no event follows, and writing is ignored', async () => {
      const { a, b, toA } = await open();
      const atA = logOf(a);
      const atB = logOf(b);
      toA.send(100);
      const { receivedBytes } = atA;
      a.reset();
      a.write([patternAt(0, 10)]);
      a.reset();
      a.close();
      expect(a.queuedBytes).toBe(0);
      await pair.until(() => atB.closed !== 'no');
      await settle();
      expect(atA).toMatchObject({ receivedBytes, closed: 'no' });
      expect(atB.eventsAfterClose).toBe(0);
    });

    test('reset ends the peer, with an error or an end, also with bytes queued', async () => {
      const { a, b, toB } = await open();
      const atB = logOf(b);
      while (toB.sentBytes < 20 * MIB) toB.send(MAX_WRITE_BYTES);
      a.reset();
      await pair.until(() => atB.closed !== 'no');
      expect(atB.wrongAt).toBeUndefined();
      if (atB.closed !== 'ended') expect(atB.closed).toMatchObject({ code: 'ET_ERR_CARRIER' });
      b.write([patternAt(0, 10)]);
      b.close();
      b.reset();
    });

    test('reset while closing ends it at once', async () => {
      const { a, b, toB } = await open();
      while (toB.sentBytes < 20 * MIB) toB.send(MAX_WRITE_BYTES);
      a.close();
      await settle();
      a.reset();
      const atB = logOf(b);
      await pair.until(() => atB.closed !== 'no');
      expect(atB.wrongAt).toBeUndefined();
    });

    test('a carrier may be closed, or reset, from within its own events', async () => {
      const { a, b, toB, toA } = await open();
      const got: string[] = [];
      a.start({
        onBytes: () => {
          got.push('a');
          a.reset();
        },
        onClose: () => got.push('a closed'),
      });
      b.start({ onBytes: () => undefined, onClose: () => b.close() });
      toA.send(10);
      toA.send(200_000);
      toB.send(1);
      await settle();
      await pair.until(() => got.length > 0);
      await settle();
      expect(got).toEqual(['a']);
    });
  });
}

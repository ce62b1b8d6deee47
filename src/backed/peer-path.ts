import type { CarrierPaths, DatagramPath } from '../link/carrier.ts';

/** Until an address has shown that it hears us, it gets no more than this many times what came from it (RFC 9000 section 8). */
const MAX_AMPLIFICATION = 3;
/** It is asked again this often, in milliseconds, while something comes from it. */
const ASK_EVERY_MS = 100;
/** Questions whose answers count; who hears answers one of the last ones. */
const MAX_QUESTIONS = 16;

interface Candidate {
  path: DatagramPath;
  heardBytes: number;
  sentBytes: number;
  askedMs: number;
  /** Not even a question may be sent before more has come from there. */
  isExhausted: boolean;
  /** Numbers of the last records that went there and nowhere else. */
  readonly asked: Set<number>;
}

/**
 * Where the peer of a datagram link is. Its records are authentic wherever they come from; but somebody on the way may have sent
 * one on from elsewhere. So a new address is asked first, by a record that goes nowhere else: its acknowledgement proves that the
 * peer hears what is sent there. Meanwhile records go both ways, as far as nobody can be flooded by it.
 *
 *   settled --- the newest record from elsewhere ---> asking --- acknowledged ---> settled there
 *      ^                                                |
 *      +---------- a newer one from where it was -------+
 */
export class PeerPath {
  readonly #paths: CarrierPaths;
  #candidate: Candidate | undefined;

  constructor(paths: CarrierPaths) {
    this.#paths = paths;
  }

  get isSettled(): boolean {
    return this.#candidate === undefined;
  }

  /** A record came that was not here before; `isNewest`: none with a higher number was. */
  heard(from: DatagramPath, isNewest: boolean, bytes: number): void {
    const candidate = this.#candidate;
    if (from.label === this.#paths.current.label) {
      // The same way, from a socket that has perhaps taken the place of one that is closed.
      if (from !== this.#paths.current) this.#paths.use(from);
      if (isNewest) this.#candidate = undefined;
      return;
    }
    if (candidate?.path.label === from.label) {
      candidate.path = from;
      candidate.heardBytes += bytes;
      candidate.isExhausted = false;
    } else if (isNewest) {
      this.#candidate = {
        path: from,
        heardBytes: bytes,
        sentBytes: 0,
        askedMs: Number.NEGATIVE_INFINITY,
        isExhausted: false,
        asked: new Set(),
      };
    }
  }

  /** When the new address is to be asked; infinity when there is none. */
  get askDueMs(): number {
    const candidate = this.#candidate;
    if (candidate === undefined || candidate.isExhausted) return Number.POSITIVE_INFINITY;
    return candidate.askedMs + ASK_EVERY_MS;
  }

  /** Where a record of `bytes` goes that asks the new address; it counts as sent. `undefined`: it may not be sent. */
  ask(number: number, bytes: number, nowMs: number): DatagramPath | undefined {
    const candidate = this.#candidate;
    if (candidate === undefined) return undefined;
    candidate.askedMs = nowMs;
    candidate.isExhausted = !takeAllowance(candidate, bytes);
    if (candidate.isExhausted) return undefined;
    candidate.asked.add(number);
    for (const oldest of candidate.asked) {
      if (candidate.asked.size <= MAX_QUESTIONS) break;
      candidate.asked.delete(oldest);
    }
    return candidate.path;
  }

  /** Where any other record of `bytes` goes besides; it counts as sent. */
  alsoTo(bytes: number): DatagramPath | undefined {
    const candidate = this.#candidate;
    return candidate !== undefined && takeAllowance(candidate, bytes) ? candidate.path : undefined;
  }

  /** Record `number` was acknowledged. Says whether that has moved the peer, and to another host. */
  acknowledged(number: number): 'not' | 'within its host' | 'to another host' {
    const candidate = this.#candidate;
    if (candidate === undefined || !candidate.asked.has(number)) return 'not';
    const isSameHost = candidate.path.host === this.#paths.current.host;
    this.#paths.use(candidate.path);
    this.#candidate = undefined;
    return isSameHost ? 'within its host' : 'to another host';
  }
}

function takeAllowance(candidate: Candidate, bytes: number): boolean {
  if (candidate.sentBytes + bytes > MAX_AMPLIFICATION * candidate.heardBytes) return false;
  candidate.sentBytes += bytes;
  return true;
}

import { HANDSHAKE_BYTES, MAX_RECORD_BYTES } from '../wire/limits.ts';

/** What every path carries that has carried a handshake (and IPv6 promises, with its headers and those of UDP). */
const BASE_BYTES: number = HANDSHAKE_BYTES.datagrams;
/** Where the largest does not get through: with the headers of IPv6 in 1,500, PPPoE, common tunnels, and IPv6's least. */
const STEPS: readonly number[] = [1452, 1444, 1412, 1372, 1280, 1232];
/** A size is given up when so many of it are lost in a row (MAX_PROBES of RFC 8899 section 5.1.2). */
const MAX_PROBES = 3;
/** Nothing is tried while less than this is on its way: keys need no large datagrams. */
const WORTH_BYTES = 4800;
/** A probe of which nothing is heard is forgotten after this, in milliseconds. */
const FORGET_MS = 10_000;
/** So many large ones lost in a row, and no other acknowledged: they fall into a black hole. */
const BLACK_HOLE_RECORDS = 6;
/** When sizes that were given up are tried again (PMTU_RAISE_TIMER of RFC 8899). */
const AGAIN_AFTER_MS = 600_000;

/**
 * How large the datagrams of a link may be: packetization layer path MTU discovery for datagrams (RFC 8899), from the largest down,
 * since most paths carry what the first hop does.
 *
 *   at its base --- worth it ---> searching --- a probe acknowledged, or none left ---> done --- ten minutes ---> searching
 *        ^                           |                                                    |
 *        +-------- large ones vanish +----------------------------------------------------+
 *
 * Between any two calls: `bytes` is 1,200 or a size that was acknowledged; at most one probe is on its way.
 */
export class PathMtu {
  readonly #sizes: readonly number[];
  #bytes = BASE_BYTES;
  #index = 0;
  #tries = 0;
  #probe: { readonly number: number; readonly sentMs: number } | undefined;
  #largeLost = 0;
  #againMs = Number.NEGATIVE_INFINITY;

  /** `maxBytes`: a datagram that is larger need not be tried. */
  constructor(maxBytes: number) {
    const largest = Math.min(maxBytes, MAX_RECORD_BYTES);
    this.#sizes = [largest, ...STEPS.filter((bytes) => bytes < maxBytes)].filter(
      (bytes) => bytes > BASE_BYTES,
    );
  }

  /** The largest datagram to send, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The size of a probe that is worth sending now, in bytes; `inFlightBytes` are on their way. */
  probeBytes(nowMs: number, inFlightBytes: number): number | undefined {
    if (inFlightBytes < WORTH_BYTES || nowMs < this.#againMs) return undefined;
    if (this.#probe !== undefined && nowMs - this.#probe.sentMs < FORGET_MS) return undefined;
    return this.#sizes[this.#index];
  }

  /** Record `number` is a probe. */
  probed(number: number, nowMs: number): void {
    this.#probe = { number, sentMs: nowMs };
  }

  /** A record of `bytes` was acknowledged. */
  acknowledged(number: number, bytes: number, nowMs: number): void {
    if (bytes > BASE_BYTES) this.#largeLost = 0;
    if (this.#probe?.number !== number) return;
    this.#probe = undefined;
    this.#bytes = bytes;
    // What is larger was tried in vain, lately.
    this.#rest(nowMs);
  }

  /** A record of `bytes` was lost. */
  lost(number: number, bytes: number, nowMs: number): void {
    if (this.#probe?.number === number) {
      this.#probe = undefined;
      this.#failed(nowMs);
      return;
    }
    if (bytes <= BASE_BYTES) return;
    this.#largeLost += 1;
    if (this.#largeLost < BLACK_HOLE_RECORDS || this.#bytes === BASE_BYTES) return;
    this.#bytes = BASE_BYTES;
    this.#largeLost = 0;
    // The path is another one: what it carries is found out at once.
    this.#index = 0;
    this.#tries = 0;
    this.#againMs = nowMs;
  }

  #failed(nowMs: number): void {
    this.#tries += 1;
    if (this.#tries < MAX_PROBES) return;
    this.#tries = 0;
    this.#index += 1;
    const next = this.#sizes[this.#index];
    if (next === undefined || next <= this.#bytes) this.#rest(nowMs);
  }

  #rest(nowMs: number): void {
    this.#index = 0;
    this.#tries = 0;
    this.#againMs =
      this.#bytes === this.#sizes[0] ? Number.POSITIVE_INFINITY : nowMs + AGAIN_AFTER_MS;
  }
}

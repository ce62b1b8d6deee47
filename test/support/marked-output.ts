import { createHash } from 'node:crypto';

const START = 0x02;
const END = 0x03;
const MISSING = /^(\d+) bytes of output were not kept$/u;
const NOTICE_START = '\r\n[everterm: ';
const NOTICE = /^\r\n\[everterm: ([^\]\r]*)\]\r\n/u;
const MAX_NOTICE = 400;

/** What has come of an output that stands between STX and ETX. Either may be missing. */
export interface MarkedFinding {
  readonly bytes: number;
  readonly digest: string;
  /** Lines of the client's own that stood in it. */
  readonly notices: readonly string[];
  /** Bytes of which the client has said that they were not kept. */
  readonly missing: number;
}

/**
 * A counted output as a program at the host writes it, and what has come of it. The client's own lines are taken out: no output has them.
 *
 * Between any two calls: what is not in the digest is in `#rest`, which is no longer than a line of the client's own.
 */
export class MarkedOutput {
  #hash = createHash('sha256');
  #bytes = 0;
  #notices: string[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #isOver = false;

  push(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const start = this.#rest.indexOf(START);
    if (start >= 0) this.#begin(this.#rest.subarray(start + 1));
    const end = this.#rest.indexOf(END);
    this.#isOver = end >= 0;
    if (end >= 0) this.#rest = this.#rest.subarray(0, end);
    this.#digest(this.#isOver);
  }

  /** Everything up to ETX has come. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Nothing is pushed afterwards. `beside`: what the client has said elsewhere. */
  find(beside = ''): MarkedFinding {
    this.#digest(true);
    const notices = [...this.#notices];
    for (const [, text = ''] of beside.matchAll(/^et: (.*)$/gmu)) notices.push(text);
    const missing = notices.reduce((sum, text) => sum + Number(MISSING.exec(text)?.[1] ?? 0), 0);
    return { bytes: this.#bytes, digest: this.#hash.copy().digest('hex'), notices, missing };
  }

  /** What came before was not of it. */
  #begin(rest: Buffer): void {
    this.#hash = createHash('sha256');
    this.#bytes = 0;
    this.#notices = [];
    this.#rest = rest;
  }

  #digest(isAll: boolean): void {
    const rest = this.#rest;
    let from = 0;
    for (let at = rest.indexOf(NOTICE_START); at >= 0; at = rest.indexOf(NOTICE_START, from)) {
      const [whole, text] = NOTICE.exec(rest.toString('latin1', at, at + MAX_NOTICE)) ?? [];
      if (whole === undefined && !isAll && rest.length - at < MAX_NOTICE) {
        this.#take(rest.subarray(from, at));
        this.#rest = rest.subarray(at);
        return;
      }
      const length = whole?.length ?? 0;
      this.#take(rest.subarray(from, length > 0 ? at : at + 1));
      from = length > 0 ? at + length : at + 1;
      if (text !== undefined) this.#notices.push(text);
    }
    const to = isAll ? rest.length : Math.max(from, rest.length - NOTICE_START.length);
    this.#take(rest.subarray(from, to));
    this.#rest = rest.subarray(to);
  }

  #take(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }
}

/** The sha256 and the length of the last `bytes` (or all) of `seq 1 LAST`. */
export function seqDigest(
  last: number,
  bytes: number = Number.POSITIVE_INFINITY,
): { bytes: number; digest: string } {
  const hash = createHash('sha256');
  const total = seqBytes(last);
  let toSkip = Math.max(0, total - bytes);
  for (let from = 1; from <= last; from += 100_000) {
    const to = Math.min(last, from + 99_999);
    let text = '';
    for (let number = from; number <= to; number += 1) text += `${number}\n`;
    const skipped = Math.min(toSkip, text.length);
    toSkip -= skipped;
    hash.update(text.slice(skipped));
  }
  return { bytes: Math.min(bytes, total), digest: hash.digest('hex') };
}

/** How long `seq 1 LAST` is. */
function seqBytes(last: number): number {
  let bytes = 0;
  for (let low = 1, digits = 1; low <= last; low *= 10, digits += 1) {
    bytes += (Math.min(last, low * 10 - 1) - low + 1) * (digits + 1);
  }
  return bytes;
}

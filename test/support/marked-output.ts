import { createHash } from 'node:crypto';

const START = 0x02;
const END = 0x03;
const MISSING = /^(\d+) bytes of output were not kept$/u;
const NOTICE = /\r\n\[everterm: ([^\]\r]*)\]\r\n/gu;

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
 */
export class MarkedOutput {
  readonly #chunks: Buffer[] = [];
  #isOver = false;

  push(bytes: Uint8Array): void {
    this.#chunks.push(Buffer.from(bytes));
    this.#isOver ||= bytes.includes(END);
  }

  /** Everything up to ETX has come. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** `beside`: what the client has said elsewhere. */
  find(beside = ''): MarkedFinding {
    const whole = Buffer.concat(this.#chunks);
    const end = whole.indexOf(END);
    const marked = whole.subarray(whole.indexOf(START) + 1, end < 0 ? whole.length : end);
    const hash = createHash('sha256');
    const notices: string[] = [];
    let missing = 0;
    let bytes = 0;
    let from = 0;
    for (const { at, length, text } of noticesIn(marked)) {
      hash.update(marked.subarray(from, at));
      bytes += at - from;
      from = at + length;
      notices.push(text);
    }
    hash.update(marked.subarray(from));
    for (const [, text = ''] of beside.matchAll(/^et: (.*)$/gmu)) notices.push(text);
    for (const text of notices) missing += Number(MISSING.exec(text)?.[1] ?? 0);
    return { bytes: bytes + marked.length - from, digest: hash.digest('hex'), notices, missing };
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

function* noticesIn(bytes: Buffer): Iterable<{ at: number; length: number; text: string }> {
  for (let at = bytes.indexOf('\r\n[everterm: '); at >= 0; ) {
    const text = bytes.toString('latin1', at, at + 400);
    const found = text.matchAll(NOTICE).next().value;
    if (found === undefined) return;
    yield { at, length: found[0].length, text: found[1] ?? '' };
    at = bytes.indexOf('\r\n[everterm: ', at + found[0].length);
  }
}

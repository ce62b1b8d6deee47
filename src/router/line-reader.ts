import { strictTextOf } from '../base/bytes.ts';
import { isJsonObject } from '../wire/json-members.ts';
import { MAX_ROUTER_LINE } from '../wire/limits.ts';
import type { JsonObject } from '../wire/messages.ts';

const LINE_FEED = 0x0a;

/** What was read: an object, and the bytes behind its line. `bad`: what comes is no line of JSON, or too long for one. */
export type ReadLine = { readonly object: JsonObject; readonly rest: Uint8Array } | 'bad' | 'short';

/** Cuts lines of JSON out of bytes. */
export class LineReader {
  #seen = new Uint8Array(0);

  /** The next line, with `bytes` behind what was left before. Give `rest` back, here or to whom it belongs. */
  read(bytes: Uint8Array): ReadLine {
    const seen = new Uint8Array(this.#seen.length + bytes.length);
    seen.set(this.#seen);
    seen.set(bytes, this.#seen.length);
    const end = seen.indexOf(LINE_FEED);
    if (end > MAX_ROUTER_LINE || (end < 0 && seen.length > MAX_ROUTER_LINE)) return 'bad';
    if (end < 0) {
      this.#seen = seen;
      return 'short';
    }
    this.#seen = new Uint8Array(0);
    const object = parse(strictTextOf(seen.subarray(0, end)) ?? '');
    return object === undefined ? 'bad' : { object, rest: seen.subarray(end + 1) };
  }
}

function parse(line: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

import { messageOf } from '../base/errors.ts';
import {
  type BootstrapOutcome,
  MAX_REPLY_LENGTH,
  parseReply,
  REPLY_BEGIN,
  REPLY_END,
} from './bootstrap-reply.ts';
import { isJsonObject } from './json-members.ts';

/** What is kept of the output, in characters: enough for a reply, and for showing what else the host said. */
const MAX_KEPT_LENGTH: number = 64 * 1024;
/** Noise between the marker and the reply may hold braces of its own; so many are tried. */
const MAX_BRACES_TRIED = 32;

/**
 * Finds the reply in the output of the command on the host, whatever a login shell prints before, after and
 * between: greetings, echoed commands, text that looks like a marker.
 *
 * Between any two calls: the kept text is the last 64 Ki characters at most, and holds no whole valid reply.
 */
export class ReplyScanner {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #kept = '';
  #problem: string | undefined;

  /** The tail of what the host has printed so far. It may hold a reply, and so a key: never to be logged. */
  get seen(): string {
    return this.#kept;
  }

  /** Why something that stood between markers was no reply; `undefined` when nothing did. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The reply as soon as its end marker is there. Anything malformed is taken for noise. */
  push(output: Uint8Array | string): BootstrapOutcome | undefined {
    const text =
      typeof output === 'string' ? output : this.#decoder.decode(output, { stream: true });
    // In pieces, so that a reply at the front of a large chunk is not cut off before it is looked at.
    for (let at = 0; at < text.length; at += MAX_KEPT_LENGTH / 2) {
      const outcome = this.#pushText(text.slice(at, at + MAX_KEPT_LENGTH / 2));
      if (outcome !== undefined) return outcome;
    }
    return undefined;
  }

  #pushText(text: string): BootstrapOutcome | undefined {
    // An end marker that was whole before has been looked at already.
    const from = Math.max(0, this.#kept.length - REPLY_END.length + 1);
    const whole = this.#kept + text;
    this.#kept = whole.slice(-MAX_KEPT_LENGTH);
    for (let end = whole.indexOf(REPLY_END, from); end >= 0; ) {
      const outcome = this.#before(whole, end);
      if (outcome !== undefined) return outcome;
      end = whole.indexOf(REPLY_END, end + 1);
    }
    return undefined;
  }

  /** The last begin marker before `end` with a reply behind it. */
  #before(text: string, end: number): BootstrapOutcome | undefined {
    const lowest = end - MAX_REPLY_LENGTH - REPLY_BEGIN.length;
    let begin = text.lastIndexOf(REPLY_BEGIN, end);
    while (begin >= 0 && begin >= lowest) {
      const outcome = this.#within(text.slice(begin + REPLY_BEGIN.length, end));
      if (outcome !== undefined) return outcome;
      begin = begin === 0 ? -1 : text.lastIndexOf(REPLY_BEGIN, begin - 1);
    }
    return undefined;
  }

  #within(text: string): BootstrapOutcome | undefined {
    const end = text.lastIndexOf('}') + 1;
    let begin = text.indexOf('{');
    for (let tried = 0; begin >= 0 && begin < end && tried < MAX_BRACES_TRIED; tried += 1) {
      const outcome = this.#parse(text.slice(begin, end));
      if (outcome !== undefined) return outcome;
      begin = text.indexOf('{', begin + 1);
    }
    return undefined;
  }

  #parse(json: string): BootstrapOutcome | undefined {
    try {
      const value: unknown = JSON.parse(json);
      if (isJsonObject(value)) return parseReply(value);
    } catch (thrown) {
      // A SyntaxError quotes the text, which may hold a key; and a member that is wrong says more.
      if (thrown instanceof SyntaxError) this.#problem ??= "the host's reply: not JSON";
      else this.#problem = messageOf(thrown);
    }
    return undefined;
  }
}

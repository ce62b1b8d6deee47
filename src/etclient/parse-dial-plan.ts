import { messageOf } from '../base/errors.ts';
import { nearestWord } from '../base/nearest-word.ts';
import { usageError } from '../base/usage-error.ts';
import { parseRoad, ROAD_WORDS, type Road, type RoadsPlan } from './road.ts';

/** Longer, deeper or with more roads than anybody has a use for. */
export const MAX_PLAN_CHARACTERS = 2048;
export const MAX_PLAN_DEPTH = 8;
export const MAX_PLAN_ROADS = 16;
/** The longest delay or timeout, in milliseconds. */
const MAX_WAIT_MS = 600_000;

const MANY = ['race', 'fallback'] as const;
const TIMED = ['delay', 'timeout'] as const;
const NESTING: readonly string[] = [...MANY, ...TIMED];
const WORDS: readonly string[] = [...ROAD_WORDS, ...NESTING];

/**
 *   plan  = road | ("race" | "fallback") "(" plan *("," plan) ")" | ("delay" | "timeout") "(" time "," plan ")"
 *   time  = digits ["." digits] ("ms" | "s" | "m")
 *
 * An address of a WebSocket ends at a blank, a comma or a closing parenthesis; in it these are written as %20, %2C and %29.
 *
 * @throws {EtError} ET_ERR_USAGE, one line that says what is wrong and where
 */
export function parseDialPlan(text: string): RoadsPlan {
  return new Reader(text).read();
}

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #roads = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): RoadsPlan {
    if (this.#text.length > MAX_PLAN_CHARACTERS) {
      throw usageError(
        `a plan of ${this.#text.length} characters: at most ${MAX_PLAN_CHARACTERS} are allowed`,
      );
    }
    const plan = this.#plan();
    if (this.#at < this.#text.length) throw this.#unexpected('the end of the plan');
    return plan;
  }

  #plan(): RoadsPlan {
    this.#depth += 1;
    if (this.#depth > MAX_PLAN_DEPTH) throw this.#error(`deeper than ${MAX_PLAN_DEPTH}`);
    const at = this.#skipBlanks();
    const word = this.#take(/[^\s,()]+/uy);
    const isNested = this.#startsWith('(') || NESTING.includes(word);
    const plan = isNested ? this.#nested(word, at) : this.#direct(word, at);
    this.#depth -= 1;
    this.#skipBlanks();
    return plan;
  }

  #nested(word: string, at: number): RoadsPlan {
    const many = MANY.find((each) => each === word);
    const timed = TIMED.find((each) => each === word);
    if (many === undefined && timed === undefined) throw this.#unknown(word, at);
    this.#expect('(');
    const plan = many === undefined ? this.#timed(timed ?? 'delay') : this.#many(many);
    this.#expect(')');
    return plan;
  }

  #many(kind: 'race' | 'fallback'): RoadsPlan {
    const plans = [this.#plan()];
    while (this.#startsWith(',')) {
      this.#expect(',');
      plans.push(this.#plan());
    }
    return { kind, plans };
  }

  #timed(kind: 'delay' | 'timeout'): RoadsPlan {
    const at = this.#skipBlanks();
    const text = this.#take(/[^\s,()]+/uy);
    const ms = parseWait(text);
    if (ms === undefined) {
      throw this.#error(`${quoted(text)} is no time: write 250ms, 1.5s or 2m, up to 10m`, at);
    }
    this.#expect(',');
    return { kind, ms, plan: this.#plan() };
  }

  #direct(word: string, at: number): RoadsPlan {
    this.#roads += 1;
    if (this.#roads > MAX_PLAN_ROADS) throw this.#error(`more than ${MAX_PLAN_ROADS} roads`, at);
    return { kind: 'direct', road: this.#road(word, at) };
  }

  #road(word: string, at: number): Road {
    let road: Road | undefined;
    try {
      road = parseRoad(word);
    } catch (cause) {
      throw this.#error(messageOf(cause), at);
    }
    if (road === undefined) throw this.#unknown(word, at);
    return road;
  }

  #unknown(word: string, at: number): Error {
    if (word === '') return this.#unexpected('a road');
    const nearest = nearestWord(word, WORDS);
    const hint = nearest === undefined ? `write ${WORDS.join(', ')}` : `did you mean ${nearest}?`;
    return this.#error(`${quoted(word)} is no road: ${hint}`, at);
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found = ''] = pattern.exec(this.#text) ?? [];
    this.#at += found.length;
    this.#skipBlanks();
    return found;
  }

  #startsWith(character: string): boolean {
    return this.#text.startsWith(character, this.#at);
  }

  #expect(character: string): void {
    if (!this.#startsWith(character)) throw this.#unexpected(character);
    this.#at += 1;
    this.#skipBlanks();
  }

  #skipBlanks(): number {
    while (/\s/u.test(this.#text.charAt(this.#at))) this.#at += 1;
    return this.#at;
  }

  #unexpected(wanted: string): Error {
    const found = this.#text.charAt(this.#at);
    return this.#error(`${found === '' ? 'it ends' : quoted(found)} where ${wanted} is due`);
  }

  #error(problem: string, at: number = this.#at): Error {
    return usageError(`at character ${at + 1}: ${problem}`);
  }
}

/** Whole milliseconds from 1 to ten minutes. */
function parseWait(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,7}(?:\.\d{1,6})?)(ms|s|m)$/u.exec(text) ?? [];
  const factor = unit === 'ms' ? 1 : unit === 's' ? 1000 : 60_000;
  const ms = Math.round(Number(amount) * factor);
  return ms >= 1 && ms <= MAX_WAIT_MS ? ms : undefined;
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

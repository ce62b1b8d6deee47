import type { EmulatedTerminal } from './screen-library.ts';

/** The bytes that designate a set for G0 .. G3; those with `-` and `.` are sets of 96 characters. */
const SLOTS: Readonly<Record<string, number>> = { '(': 0, ')': 1, '*': 2, '+': 3, '-': 1, '.': 2 };
/** The sets that the library has. */
const SETS = '0AB4C5RQKYE6ZH7=';
const DEFAULTS: readonly string[] = ['(B', ')B', '*B', '+B'];
/** What invokes G0 .. G3. */
const SHIFTS: readonly string[] = ['\x0f', '\x0e', '\x1bn', '\x1bo'];

/** Which character sets are designated; the library knows them only by what they do. */
export class ScreenCharsets {
  #designations: readonly string[] = DEFAULTS;

  constructor(terminal: EmulatedTerminal) {
    const { parser } = terminal;
    for (const [intermediates, slot] of Object.entries(SLOTS)) {
      for (const final of SETS) {
        parser.registerEscHandler({ intermediates, final }, () => {
          this.#designations = this.#designations.with(slot, intermediates + final);
          return false;
        });
      }
    }
    for (const final of '@G') {
      parser.registerEscHandler({ intermediates: '%', final }, () => {
        this.#designations = this.#designations.with(0, '(B');
        return false;
      });
    }
    // Locking shifts of the right half, which is UTF-8's here.
    for (const final of '~}|') parser.registerEscHandler({ final }, () => true);
  }

  get designations(): readonly string[] {
    return this.#designations;
  }

  restore(designations: readonly string[]): void {
    this.#designations = designations;
  }

  reset(): void {
    this.#designations = DEFAULTS;
  }
}

/** What makes a terminal that has the sets `from`, and G`fromLevel` invoked, have these. */
export function charsetText(
  to: readonly string[],
  level: number,
  from: readonly string[] = DEFAULTS,
  fromLevel = 0,
): string {
  const sets = to.filter((each, slot) => each !== from[slot]).map((each) => `\x1b${each}`);
  return sets.join('') + (level === fromLevel ? '' : (SHIFTS[level] ?? ''));
}

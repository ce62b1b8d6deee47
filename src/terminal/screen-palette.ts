/** A colour's text is short: a name, or `rgb:ffff/ffff/ffff`. */
const COLOR = /^[\w#:/.+-]{1,64}$/u;
const DYNAMIC = /^1\d$/u;
const DYNAMIC_RESET = /^11\d$/u;

/**
 * The colours that a program has changed: those with a number (OSC 4), and those of text, background,
 * cursor and more (OSC 10 .. 19). At most 256 and 10, each as it was written.
 */
export class ScreenPalette {
  readonly #indexed = new Map<number, string>();
  readonly #dynamic = new Map<number, string>();

  /** `command`: the number that introduces the command. */
  apply(command: number, payload: string): void {
    const items = payload === '' ? [] : payload.split(';');
    const name = String(command);
    if (command === 4) this.#setIndexed(items);
    else if (command === 104) this.#resetIndexed(items);
    else if (DYNAMIC.test(name)) this.#setDynamic(command, items);
    else if (DYNAMIC_RESET.test(name)) this.#dynamic.delete(command - 100);
  }

  reset(): void {
    this.#indexed.clear();
    this.#dynamic.clear();
  }

  /** What sets them on a terminal that has its own. */
  redo(): string {
    const commands = [
      ...[...this.#indexed].map(([index, color]) => `4;${index};${color}`),
      ...[...this.#dynamic].map(([command, color]) => `${command};${color}`),
    ];
    return commands.map((command) => `\x1b]${command}\x1b\\`).join('');
  }

  #setIndexed(items: readonly string[]): void {
    for (let at = 0; at + 1 < items.length; at += 2) {
      const index = Number(items[at]);
      const color = items[at + 1] ?? '';
      const isIndex = /^\d{1,3}$/u.test(items[at] ?? '') && index < 256;
      if (isIndex && COLOR.test(color)) this.#indexed.set(index, color);
    }
  }

  #resetIndexed(items: readonly string[]): void {
    if (items.length === 0) this.#indexed.clear();
    for (const item of items) this.#indexed.delete(Number(item));
  }

  /** Further colours belong to the numbers that follow. */
  #setDynamic(first: number, items: readonly string[]): void {
    for (const [index, color] of items.entries()) {
      if (first + index < 20 && COLOR.test(color)) this.#dynamic.set(first + index, color);
    }
  }
}

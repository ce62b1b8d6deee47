import type { EmulatedTerminal } from './screen-library.ts';

const PAGE_SIZE = 256;
const UNKNOWN = 0xff;
/** Wide, and neither emoji nor in the library's table of Unicode 6: Tangut, Khitan, kana and more. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x2f_f0, 0x30_3e],
  [0x31_e0, 0x31_ef],
  [0xa9_60, 0xa9_7c],
  [0x1_6f_e0, 0x1_6f_f1],
  [0x1_70_00, 0x1_8c_ff],
  [0x1_8d_00, 0x1_8d_7f],
  [0x1_af_f0, 0x1_b2_ff],
  [0x1_f2_00, 0x1_f2_65],
  [0x2_00_00, 0x2_ff_fd],
  [0x3_00_00, 0x3_ff_fd],
];

/** The version by which a terminal knows the provider. */
const VERSION = 'everterm';

type Provider = Parameters<EmulatedTerminal['unicode']['register']>[0];

/**
 * How many cells a character takes. The library's table is of Unicode 6, when emoji were narrow; programs
 * count them as two, and a screen that does not would be one column off behind each.
 */
export class ScreenWidths implements Provider {
  readonly version: string = VERSION;
  readonly #narrowTable: (codePoint: number) => number;
  readonly #pages: (Uint8Array | undefined)[] = [];

  /** `oldTable`: the library's own. */
  constructor(oldTable: (codePoint: number) => number) {
    this.#narrowTable = oldTable;
  }

  /** Makes `terminal` use it. */
  static install(terminal: EmulatedTerminal): void {
    // The interface has no way to ask a provider, but to be asked by one.
    const service = (terminal as { _core?: { unicodeService?: { _activeProvider?: Provider } } })
      ._core?.unicodeService;
    const old = service?._activeProvider;
    if (typeof old?.wcwidth !== 'function') return;
    terminal.unicode.register(new ScreenWidths((codePoint) => old.wcwidth(codePoint)));
    terminal.unicode.activeVersion = VERSION;
  }

  wcwidth(codePoint: number): 0 | 1 | 2 {
    if (codePoint < 0x3_00) return this.#narrowTable(codePoint) as 0 | 1 | 2;
    const page = codePoint >> 8;
    const widths = this.#pages[page] ?? new Uint8Array(PAGE_SIZE).fill(UNKNOWN);
    this.#pages[page] = widths;
    const at = codePoint & (PAGE_SIZE - 1);
    const known = widths[at] as number;
    if (known !== UNKNOWN) return known as 0 | 1 | 2;
    widths[at] = this.#look(codePoint);
    return widths[at] as 0 | 1 | 2;
  }

  /**
   * Bit 0: joins the character before; bits 1 and 2: cells. What joins has the width of what it joins. The
   * library's own provider lets nothing join behind a control sequence, and moves the cursor instead.
   */
  charProperties(codePoint: number, preceding: number): number {
    const width = this.wcwidth(codePoint);
    return width === 0 ? (preceding & 6) | 1 : width << 1;
  }

  #look(codePoint: number): number {
    const old = this.#narrowTable(codePoint);
    if (old === 0) return 0;
    const character = String.fromCodePoint(codePoint);
    if (/^[\p{Mn}\p{Me}]$/u.test(character)) return 0;
    const isWide = WIDE.some(([first, last]) => codePoint >= first && codePoint <= last);
    return isWide || /^\p{Emoji_Presentation}$/u.test(character) ? 2 : old;
  }
}

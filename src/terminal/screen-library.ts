/** What is used of @xterm/headless beyond its public interface. It is pinned to one version; still nothing here is taken for granted. */
type Library = typeof import('@xterm/headless');
export type EmulatedTerminal = InstanceType<Library['Terminal']>;

/** Underline, its colour and the link, which live beside the attributes. */
export interface ExtendedAttributes {
  /** Bits 0 .. 25 the underline's colour, 26 .. 28 its style. */
  _ext: number;
  _urlId: number;
  clone(): ExtendedAttributes;
}

/** A rendition as the library packs it; see rendition-text.ts for the bits. */
export interface PackedAttributes {
  fg: number;
  bg: number;
  extended: ExtendedAttributes;
  updateExtended(): void;
}

export interface InnerBuffer {
  x: number;
  y: number;
  ybase: number;
  ydisp: number;
  scrollTop: number;
  scrollBottom: number;
  savedX: number;
  savedY: number;
  tabs: Record<number, boolean | undefined>;
  readonly lines: {
    readonly length: number;
    get(index: number): { isWrapped: boolean } | undefined;
    push(line: unknown): void;
  };
  getBlankLine(attributes: PackedAttributes): unknown;
}

/** A string command's handler that is given code points as they come. */
export interface StringHandler {
  start(): void;
  put(codePoints: Uint32Array, start: number, end: number): void;
  end(isComplete: boolean): boolean;
}

interface InnerParameters {
  readonly params: readonly number[];
  readonly length: number;
}

type Operation = (parameters: InnerParameters) => boolean;

interface InnerParser {
  readonly currentState: number;
  clearOscHandler(command: number): void;
  registerOscHandler(command: number, handler: StringHandler): unknown;
  clearDcsHandler(id: { intermediates: string; final: string }): void;
  reset(): void;
}

export interface InputHandler {
  readonly _parser: InnerParser;
  /** Parses at once. */
  parse(bytes: Uint8Array): unknown;
  _curAttrData: PackedAttributes;
  readonly _windowTitle: string;
  readonly _iconName: string;
  readonly _windowTitleStack: readonly string[];
  readonly _iconNameStack: readonly string[];
  _restrictCursor(maxColumn: number): void;
  _eraseInBufferLine(
    y: number,
    start: number,
    end: number,
    clearsWrap: boolean,
    keepsProtected: boolean,
  ): void;
  _resetBufferLine(y: number, keepsProtected: boolean): void;
  /** Blank, with the background of what is written next. */
  _eraseAttrData(): unknown;
  setTitle(title: string): boolean;
  setIconName(name: string): boolean;
  setModePrivate: Operation;
  resetModePrivate: Operation;
  softReset: Operation;
  repeatPrecedingCharacter: Operation;
  insertLines: Operation;
  deleteLines: Operation;
  scrollUp: Operation;
  cursorForwardTab: Operation;
  cursorBackwardTab: Operation;
}

/** The library's own objects. */
export interface TerminalCore {
  readonly buffers: {
    readonly active: InnerBuffer;
    readonly normal: InnerBuffer;
    readonly alt: InnerBuffer;
  };
  readonly coreService: {
    isCursorHidden: boolean;
    readonly decPrivateModes: {
      bracketedPasteMode: boolean;
      sendFocus: boolean;
      synchronizedOutput: boolean;
      origin: boolean;
      cursorStyle: 'block' | 'underline' | 'bar' | undefined;
      cursorBlink: boolean | undefined;
    };
  };
  readonly _charsetService: {
    glevel: number;
    charset: unknown;
    _charsets: unknown[];
    setgLevel(level: number): void;
  };
  readonly _bufferService: { scroll(blank: unknown): void };
  readonly _inputHandler: InputHandler;
}

/** Loads the library: 14 ms, and only here. */
export async function loadTerminal(
  columns: number,
  rows: number,
  scrollback: number,
): Promise<EmulatedTerminal> {
  const library = await import('@xterm/headless');
  // A CommonJS module, whose names Node may or may not have found.
  const { Terminal } = (library.default ?? library) as Library;
  return new Terminal({
    cols: columns,
    rows,
    scrollback,
    allowProposedApi: true,
    logLevel: 'off',
    windowOptions: { pushTitle: true, popTitle: true, getWinSizeChars: true },
  });
}

const OPERATIONS = [
  'parse',
  '_restrictCursor',
  '_eraseInBufferLine',
  '_resetBufferLine',
  '_eraseAttrData',
  'setTitle',
  'setIconName',
  'setModePrivate',
  'resetModePrivate',
  'softReset',
  'repeatPrecedingCharacter',
  'insertLines',
  'deleteLines',
  'scrollUp',
  'cursorForwardTab',
  'cursorBackwardTab',
];

/** The library's own objects; `undefined` when one of them is not as it was in the version they were read in. */
export function coreOf(terminal: EmulatedTerminal): TerminalCore | undefined {
  const core = at(terminal, '_core');
  const input = at(core, '_inputHandler');
  const parser = at(input, '_parser');
  const extended = at(at(input, '_curAttrData'), 'extended');
  const isWhole =
    OPERATIONS.every((name) => isKind(input, name, 'function')) &&
    ['clearOscHandler', 'registerOscHandler', 'clearDcsHandler', 'reset'].every((name) =>
      isKind(parser, name, 'function'),
    ) &&
    isKind(parser, 'currentState', 'number') &&
    ['_ext', '_urlId'].every((name) => isKind(extended, name, 'number')) &&
    ['_windowTitle', '_iconName'].every((name) => isKind(input, name, 'string')) &&
    ['_windowTitleStack', '_iconNameStack'].every((name) => Array.isArray(at(input, name))) &&
    ['normal', 'alt', 'active'].every((name) => isBuffer(at(at(core, 'buffers'), name))) &&
    isKind(at(core, 'coreService'), 'isCursorHidden', 'boolean') &&
    isKind(at(at(core, 'coreService'), 'decPrivateModes'), 'origin', 'boolean') &&
    isKind(at(core, '_bufferService'), 'scroll', 'function') &&
    isKind(at(core, '_charsetService'), 'glevel', 'number') &&
    isKind(at(core, '_charsetService'), 'setgLevel', 'function') &&
    Array.isArray(at(at(core, '_charsetService'), '_charsets'));
  return isWhole ? (core as TerminalCore) : undefined;
}

function isBuffer(value: unknown): boolean {
  const names = ['x', 'y', 'ybase', 'ydisp', 'scrollTop', 'scrollBottom', 'savedX', 'savedY'];
  return (
    names.every((name) => isKind(value, name, 'number')) &&
    ['tabs', 'lines'].every((name) => isKind(value, name, 'object'))
  );
}

function isKind(value: unknown, name: string, kind: string): boolean {
  return typeof at(value, name) === kind;
}

function at(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as Record<string, unknown>)[name];
}

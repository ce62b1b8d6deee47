import type { CsiSequence } from './csi-sequence.ts';

/**
 * Control sequences that a terminal answers, as prefix, intermediate and final byte (xterm's ctlseqs,
 * and the kitty keyboard protocol).
 */
const ANSWERED: ReadonlySet<string> = new Set([
  'c', // DA1
  '>c', // DA2
  '=c', // DA3
  'n', // DSR, CPR
  '?n', // DSR as DEC has it; colour scheme
  'x', // DECREQTPARM
  '$p', // DECRQM
  '?$p', // DECRQM, private
  '>q', // XTVERSION
  '?u', // kitty keyboard flags
  '?m', // XTQMODKEYS
  '?S', // XTSMGRAPHICS
  '*y', // DECRQCRA
  '$w', // DECRQPSR
  '$u', // DECRQTSR
  '&u', // DECRQUPSS
  '"v', // DECRQDE
  "'|", // DECRQLP
  '#R', // XTREPORTCOLORS
  '#S', // XTTITLEPOS
  '#|', // XTREPORTSGR
]);

/** Window operations that report: state, places, sizes, titles. */
const WINDOW_REPORTS: ReadonlySet<number> = new Set([11, 13, 14, 15, 16, 18, 19, 20, 21]);

/** Whether a terminal answers a control sequence. */
export function isAnsweredCsi(sequence: CsiSequence): boolean {
  if (!sequence.isMeaningful) return false;
  const { prefix, intermediate, final } = sequence;
  if (sequence.is(0, 0, 't')) return WINDOW_REPORTS.has(sequence.value(0, 0));
  const bytes = [prefix, intermediate, final].filter((byte) => byte !== 0);
  return ANSWERED.has(String.fromCharCode(...bytes));
}

/** Operating system commands that are questions as a whole when their text looks so. */
const OSC_QUERIES: ReadonlyMap<string, RegExp> = new Map([
  ['22', /^\?/u], // kitty's pointer shapes
  ['50', /^\?/u], // font
  ['52', /^[^;]*;\?$/u], // clipboard
  ['60', /^/u], // XTQALLOWED
  ['61', /^/u],
  ['99', /^(?:[^;]*:)?p=(?:\?|alive)(?:[:;]|$)/u], // kitty's notifications
  ['1337', /^Report(?:CellSize|Variable)/u], // iTerm2
  ['5522', /^(?:[^;]*:)?type=read(?:[:;]|$)/u], // kitty's clipboard
]);

/**
 * What is left of an operating system command when its questions are taken out; each element is the
 * payload of a command. The command itself, alone, when a terminal does not answer it.
 */
export function withoutOscQueries(payload: string): readonly string[] {
  const [command = '', ...items] = payload.split(';');
  const query = OSC_QUERIES.get(command);
  if (query !== undefined) return query.test(items.join(';')) ? [] : [payload];
  if (command === '4' || command === '5') return withoutPairs(command, items, payload);
  if (command === '21') return withoutItems(command, items, payload);
  if (/^1\d$/u.test(command)) return withoutColors(Number(command), items, payload);
  return [payload];
}

/** Colours by number: number and value in turn. */
function withoutPairs(command: string, items: readonly string[], payload: string): string[] {
  if (!items.some((item, index) => index % 2 === 1 && item === '?')) return [payload];
  const kept: string[] = [];
  for (let index = 0; index < items.length; index += 2) {
    if (items[index + 1] !== '?') kept.push(...items.slice(index, index + 2));
  }
  return kept.length === 0 ? [] : [[command, ...kept].join(';')];
}

/** Colours from `first` on, one after the other: a gap needs commands of its own. */
function withoutColors(first: number, items: readonly string[], payload: string): string[] {
  if (!items.includes('?')) return [payload];
  return items.flatMap((item, index) => (item === '?' ? [] : [`${first + index};${item}`]));
}

function withoutItems(command: string, items: readonly string[], payload: string): string[] {
  const kept = items.filter((item) => !item.endsWith('=?'));
  if (kept.length === items.length) return [payload];
  return kept.length === 0 ? [] : [[command, ...kept].join(';')];
}

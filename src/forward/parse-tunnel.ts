import type { Endpoint, ListenPlace } from './endpoint.ts';
import { type Complaint, complaintAbout, quoted } from './forward-complaint.ts';
import type { ForwardSpec } from './forward-spec.ts';
import {
  isVariableName,
  readBind,
  readHost,
  readPath,
  readPort,
  TOO_MANY_PARTS,
  targetFieldCount,
} from './read-place.ts';
import { type Field, splitFields } from './split-fields.ts';

/** The most ports of one range. Each is a listener, and a file descriptor of its own. */
const MAX_RANGE_PORTS = 1000;

/**
 * Eternal Terminal's -t and -r: a list, parted by commas, of `P:Q`, `A-B:C-D`, `[bind:]P:host:Q`, and paths of unix sockets for
 * either half. With `remote` also `NAME:Q` and `NAME:/path`: programs at the far end find the socket's path in that variable.
 * A path with a comma cannot be written.
 *
 * @throws {EtError} ET_ERR_USAGE that names the item.
 */
export function parseTunnels(text: string, kind: 'local' | 'remote', flag: string): ForwardSpec[] {
  const variable = kind === 'remote' ? `, or NAME:/path, as in ${flag} SSH_AUTH_SOCK:/path` : '';
  const form = `P:Q, A-B:C-D, /path:/path or [bind:]P:host:Q, with commas between, as in ${flag} 8000:80,9000-9003:9000-9003${variable}`;
  const items = text.split(',');
  return items.flatMap((item, index) => {
    const place = items.length === 1 ? undefined : { number: index + 1, text: item };
    const complain = complaintAbout(flag, text, form, place);
    return parseItem(item, kind, complain).map((pair) => ({
      kind,
      ...pair,
      source: `${flag} ${item}`,
    }));
  });
}

function parseItem(
  item: string,
  kind: 'local' | 'remote',
  complain: Complaint,
): { listen: ListenPlace; target: Endpoint }[] {
  if (item.trim() === '') throw complain('it is empty');
  const fields = splitFields(item, complain);
  // Of two fields the second is the target, a port of localhost.
  const count = fields.length === 2 ? 1 : targetFieldCount(fields);
  const listens = readListens(fields.slice(0, -count), fields.length === 2, kind, complain);
  const targets = readTargets(fields.slice(-count), complain);
  if (listens.length !== targets.length) {
    throw complain(
      `it listens at ${placesOf(listens)} and connects to ${placesOf(targets)}, where both are to be as many`,
    );
  }
  return listens.flatMap((listen, index) => {
    const target = targets[index];
    return target === undefined ? [] : [{ listen, target }];
  });
}

function readListens(
  fields: readonly Field[],
  mayBeVariable: boolean,
  kind: 'local' | 'remote',
  complain: Complaint,
): ListenPlace[] {
  const [first, second] = fields;
  if (first === undefined) throw complain('it lacks a part');
  if (fields.length > 2) throw complain(TOO_MANY_PARTS);
  if (second === undefined && first.isPath) {
    return [{ kind: 'unix', path: readPath(first.text, complain) }];
  }
  if (mayBeVariable && isVariableName(first.text)) {
    if (kind === 'remote') return [{ kind: 'variable', name: first.text }];
    throw complain(
      `the variable ${first.text} would be for programs on this side, and none is started here`,
    );
  }
  const bind = second === undefined ? 'localhost' : readBind(first, complain);
  return readPorts((second ?? first).text, complain).map((port) => ({ kind: 'tcp', bind, port }));
}

function readTargets(fields: readonly Field[], complain: Complaint): Endpoint[] {
  const [first, second] = fields;
  if (first === undefined) throw complain('it lacks a part');
  if (second === undefined && first.isPath) {
    return [{ kind: 'unix', path: readPath(first.text, complain) }];
  }
  const host = second === undefined ? 'localhost' : readHost(first, complain);
  return readPorts((second ?? first).text, complain).map((port) => ({ kind: 'tcp', host, port }));
}

/** `P` or `A-B`. */
function readPorts(text: string, complain: Complaint): number[] {
  const [, low, high] = /^([^-]*)-([^-]*)$/u.exec(text) ?? [];
  if (low === undefined || high === undefined) return [readPort(text, 1, complain)];
  const first = readPort(low, 1, complain);
  const count = readPort(high, 1, complain) - first + 1;
  if (count < 1) throw complain(`the range ${quoted(text)} runs backwards`);
  if (count > MAX_RANGE_PORTS) {
    throw complain(`the range ${quoted(text)} has ${count} ports, ${MAX_RANGE_PORTS} at most`);
  }
  return Array.from({ length: count }, (_, index) => first + index);
}

function placesOf(places: readonly (ListenPlace | Endpoint)[]): string {
  const noun = places[0]?.kind === 'tcp' ? 'port' : 'socket';
  return `${places.length} ${noun}${places.length === 1 ? '' : 's'}`;
}

import { EtError } from '../base/errors.ts';
import { MAX_PORT } from './endpoint.ts';

/** Ports, both ends included. */
export interface PortSpan {
  readonly first: number;
  readonly last: number;
}

/** `80,443,8000-8100`, or `*` for all. @throws {EtError} ET_ERR_CONFIG, which names the part that is wrong */
export function parsePorts(text: string): readonly PortSpan[] {
  if (text === '*') return [{ first: 1, last: MAX_PORT }];
  return text.split(',').map(parseSpan);
}

export function holdsPort(spans: readonly PortSpan[], port: number): boolean {
  return spans.some(({ first, last }) => first <= port && port <= last);
}

export function holdsAllPorts(spans: readonly PortSpan[]): boolean {
  return spans.some(({ first, last }) => first === 1 && last === MAX_PORT);
}

function parseSpan(text: string): PortSpan {
  const [, low = '', high = low] = /^(\d{1,5})(?:-(\d{1,5}))?$/u.exec(text) ?? [];
  const first = Number(low);
  const last = Number(high);
  if (low === '') throw unreadable(`"${text}" is neither a port, nor a range of ports, nor *`);
  if (first > last) throw unreadable(`the ports ${text} are in the wrong order`);
  if (first === 0) throw unreadable(`port 0 in "${text}" is none`);
  if (last > MAX_PORT) throw unreadable(`port ${last} is above ${MAX_PORT}`);
  return { first, last };
}

function unreadable(message: string): EtError {
  return new EtError('ET_ERR_CONFIG', message);
}

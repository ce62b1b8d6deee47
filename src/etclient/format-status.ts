import { printable } from '../base/printable.ts';
import type { ClientStatus, ForwardReport } from './client-status.ts';
import { formatRate } from './describe-link.ts';
import { formatBytes } from './format-bytes.ts';
import { formatTable } from './format-table.ts';
import type { LinkReport } from './link-report.ts';

const HEADINGS: readonly string[] =
  'forward|listens on|target|state|open|waiting|refused|in|out|dropped|last error'.split('|');
const NUMBERS = [4, 5, 6, 7, 8, 9];
const STATES: Readonly<Record<ClientStatus['state'], string>> = {
  starting: 'starting',
  connected: 'connected',
  reconnecting: 'reconnecting',
  'waiting-for-login': 'waits for a login',
};

/** What `et status` prints: a block for each client. */
export function formatStatus(clients: readonly ClientStatus[]): string {
  // Names come from command lines and the far side, and go to a terminal.
  return clients.map((client) => `${blockOf(client).map(printable).join('\n')}\n`).join('\n');
}

/** The table of `et forward ls` and `~#`; no lines where there are no forwards. */
export function formatForwards(forwards: readonly ForwardReport[]): string[] {
  if (forwards.length === 0) return [];
  return formatTable([HEADINGS, ...forwards.map(rowOf)], NUMBERS).map(printable);
}

function blockOf(client: ClientStatus): string[] {
  const { link, outageSeconds } = client;
  const outage = outageSeconds > 0 ? ` for ${outageSeconds.toFixed(1)} s` : '';
  const state = (STATES[client.state] ?? client.state) + outage;
  const pairs = [
    [client.host, state],
    ['  session', `${client.id.slice(0, 8)}, pid ${client.pid}`],
    ...linksOf(client.links).map((text) => ['  link', text]),
    ...(client.lastFailure === null ? [] : [['  last try', client.lastFailure]]),
    ['  waiting', `${link.unsentBytes} bytes unsent, ${link.unacknowledgedBytes} unacknowledged`],
  ];
  const table = formatForwards(client.forwards).map((line) => `  ${line}`);
  return [...formatTable(pairs), ...(table.length === 0 ? ['  no forwards'] : table)];
}

/** The one in use first. */
function linksOf(links: readonly LinkReport[]): string[] {
  if (links.length === 0) return ['none'];
  return links.toSorted((a, b) => Number(b.isUsed) - Number(a.isUsed)).map(linkOf);
}

function linkOf(link: LinkReport): string {
  const { label, state, rttMs, rate, deliveredBytes, inFlightBytes, lostBytes } = link;
  const silence = state === 'alive' ? '' : `, ${state}`;
  const time = rttMs === null ? '' : `, round trip ${rttMs.toFixed(rttMs < 10 ? 1 : 0)} ms`;
  const speed = rate === null ? '' : `, up to ${formatRate(rate)}`;
  const onTheWay = inFlightBytes === 0 ? '' : `, ${formatBytes(inFlightBytes)} on the way`;
  const lost = lostBytes === 0 ? '' : `, ${formatBytes(lostBytes)} lost`;
  return `${label}${silence}${time}${speed}; ${formatBytes(deliveredBytes)} delivered${onTheWay}${lost}`;
}

function rowOf(forward: ForwardReport): string[] {
  const { kind, listen, target, state, open, waiting, refused, dropped, lastError } = forward;
  const proxy = kind === 'http-proxy' ? 'http' : 'socks';
  const counts = [open, waiting, refused].map(String);
  const totals = [formatBytes(forward.bytesIn), formatBytes(forward.bytesOut), String(dropped)];
  return [kind, listen, target ?? proxy, state, ...counts, ...totals, lastError ?? ''];
}

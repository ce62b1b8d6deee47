import { toHex } from '../base/bytes.ts';
import { printable } from '../base/printable.ts';
import type { SessionCredentials } from '../bootstrap/session-credentials.ts';
import { formatAge } from './format-age.ts';
import { formatBytes } from './format-bytes.ts';
import { formatTable } from './format-table.ts';
import type { ListedSession } from './listed-session.ts';

/** A session known here, as far as it is known without asking its host. */
export interface KnownSession {
  readonly session: string;
  readonly name: string;
  readonly destination: string;
  readonly ageSeconds: number;
  /** The client that has it here; 0: none. */
  readonly clientPid: number;
  readonly left: 'detached' | 'taken-over' | null;
}

const HEADINGS = ['NAME', 'ID', 'UP', 'ATTACHED', 'BACKLOG', 'LAST OUTPUT', 'CWD', 'TITLE'];
const KNOWN_HEADINGS = ['NAME', 'ID', 'UP', 'ATTACHED', 'HOST'];
const MAX_CELL_LENGTH = 48;

/** What `et ls HOST` prints: a line for each session of the user's there. */
export function formatListing(sessions: readonly ListedSession[]): string {
  return table([HEADINGS, ...sessions.map(rowOf)], [4]);
}

/** What `et ls` prints of other hosts. */
export function formatKnown(sessions: readonly KnownSession[]): string {
  return table([KNOWN_HEADINGS, ...sessions.map(knownRowOf)]);
}

/** `isRunning`: whether a client's process is there. */
export function knownFrom(
  credentials: SessionCredentials,
  nowMs: number,
  isRunning: (pid: number) => boolean,
): KnownSession {
  const { session, name = '', destination, createdMs, clientPid = 0, left } = credentials;
  const isHere = clientPid !== 0 && isRunning(clientPid);
  return {
    session: toHex(session),
    name,
    destination,
    ageSeconds: Math.max(0, Math.round((nowMs - createdMs) / 1000)),
    clientPid: isHere ? clientPid : 0,
    left: isHere ? null : (left ?? null),
  };
}

function rowOf(one: ListedSession): string[] {
  const { name, session, ageSeconds, backlogBytes, outputSeconds, cwd, title, command } = one;
  return [
    name || '-',
    session.slice(0, 8),
    formatAge(ageSeconds),
    attachedTo(one),
    backlogBytes === 0 ? '-' : formatBytes(backlogBytes),
    outputSeconds === undefined ? '-' : `${formatAge(outputSeconds)} ago`,
    cwd || '-',
    title || command,
  ];
}

function attachedTo({ attached, by, over, idleSeconds }: ListedSession): string {
  if (attached) return by === '' ? 'yes' : by;
  return over ? 'over' : `no, for ${formatAge(idleSeconds)}`;
}

function knownRowOf(one: KnownSession): string[] {
  const { name, session, ageSeconds, destination } = one;
  return [name || '-', session.slice(0, 8), formatAge(ageSeconds), stateOf(one), destination];
}

function stateOf({ clientPid, left }: KnownSession): string {
  if (clientPid !== 0) return `here, pid ${clientPid}`;
  if (left === 'taken-over') return 'elsewhere';
  return left === 'detached' ? 'detached' : 'left behind';
}

/** Names, titles and directories come from programs and other machines, and go to a terminal. */
function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const cells = rows.map((row) => row.map((cell) => shortened(printable(cell))));
  return `${formatTable(cells, right).join('\n')}\n`;
}

function shortened(text: string): string {
  return text.length <= MAX_CELL_LENGTH ? text : `${text.slice(0, MAX_CELL_LENGTH - 3)}...`;
}

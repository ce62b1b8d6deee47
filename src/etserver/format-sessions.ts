import { printable } from '../base/printable.ts';
import type { SessionStatus } from '../wire/session-status.ts';

/** A line each, for people: id, name, state, age, what waits, what runs and where. */
export function formatSessions(sessions: readonly SessionStatus[]): string {
  if (sessions.length === 0) return 'no sessions\n';
  return `${sessions.map(formatSession).join('\n')}\n`;
}

function formatSession(one: SessionStatus): string {
  const { session, name, title, command, cwd, backlogBytes, pid } = one;
  const backlog = backlogBytes > 0 ? `  ${formatBytes(backlogBytes)} waiting` : '';
  const what = printable(title === '' ? command : title).slice(0, 60);
  const where = cwd === '' ? '' : `  in ${printable(cwd)}`;
  const parts = [
    session.slice(0, 8),
    ...(name === '' ? [] : [printable(name)]),
    stateOf(one).padEnd(14),
    `started ${formatAge(one.ageSeconds)} ago`,
    `pid ${pid}`,
    what,
  ];
  return `${parts.join('  ')}${where}${backlog}`;
}

function stateOf({ over, attached, by, idleSeconds }: SessionStatus): string {
  if (over) return 'over';
  if (!attached) return `detached ${formatAge(idleSeconds)}`;
  return by === '' ? 'attached' : `attached by ${printable(by)}`;
}

function formatBytes(bytes: number): string {
  if (bytes < 10_000) return `${bytes} B`;
  return bytes < 10_000_000 ? `${Math.round(bytes / 1000)} kB` : `${Math.round(bytes / 1e6)} MB`;
}

/** `5 s`, `12 min`, `3 h`, `9 d`. */
export function formatAge(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

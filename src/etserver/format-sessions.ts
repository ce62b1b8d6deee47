import { printable } from '../base/printable.ts';
import type { SessionStatus } from './control-questions.ts';

/** A line each, for people: id, state, age, what runs. */
export function formatSessions(sessions: readonly SessionStatus[]): string {
  if (sessions.length === 0) return 'no sessions\n';
  const lines = sessions.map((one) => {
    const state = one.over
      ? 'over'
      : one.attached
        ? 'attached'
        : `detached ${formatAge(one.idleSeconds)}`;
    return `${one.session.slice(0, 8)}  ${state.padEnd(14)}  started ${formatAge(one.ageSeconds)} ago  pid ${one.pid}  ${printable(one.command).slice(0, 60)}`;
  });
  return `${lines.join('\n')}\n`;
}

/** `5 s`, `12 min`, `3 h`, `9 d`. */
export function formatAge(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

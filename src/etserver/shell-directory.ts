import { readlinkSync } from 'node:fs';
import type { Shell } from './shell.ts';

/** What the shell itself has said (OSC 7), or where its process is, as far as the system tells; else empty. */
export function directoryOf(shell: Pick<Shell, 'facts' | 'pid'>): string {
  const { cwd } = shell.facts;
  if (cwd !== undefined || shell.pid === undefined) return cwd ?? '';
  try {
    return readlinkSync(`/proc/${shell.pid}/cwd`);
  } catch {
    return '';
  }
}

import { readlinkSync } from 'node:fs';
import type { Shell } from './shell.ts';

/** What the shell itself has said (OSC 7), or where its process is, as far as the system tells; else empty. */
export function directoryOf(shell: Pick<Shell, 'facts' | 'pid'>): string {
  if (shell.facts.cwd !== '' || shell.pid === undefined) return shell.facts.cwd;
  try {
    return readlinkSync(`/proc/${shell.pid}/cwd`);
  } catch {
    return '';
  }
}

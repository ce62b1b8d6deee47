import { readFileSync } from 'node:fs';

/**
 * The soft limit of open descriptors that a login has. Node raises its own to the hard limit when it starts, so the
 * parent is asked, which sshd has started. `undefined` where nobody says, or where the two are the same.
 */
export function loginOpenFiles(parentPid: number): number | undefined {
  try {
    const limits = readFileSync(`/proc/${parentPid}/limits`, 'utf8');
    const [, soft, hard] = /^Max open files\s+(\d+)\s+(\d+)/mu.exec(limits) ?? [];
    return soft === undefined || soft === hard ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

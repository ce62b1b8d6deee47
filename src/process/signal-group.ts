import { constants } from 'node:os';
import { kill } from 'node:process';

/**
 * Sends a signal, named with or without SIG, to the process group that `pid` leads, as sshd does.
 * False when the name is unknown or nobody is left in the group.
 */
export function signalGroup(pid: number, name: string): boolean {
  const full = name.startsWith('SIG') ? name : `SIG${name}`;
  if (!Object.hasOwn(constants.signals, full)) return false;
  try {
    return kill(-pid, full as NodeJS.Signals);
  } catch {
    return false;
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { EtHost } from '../support/et-host.ts';

/** The session servers that run on this host, by process id. */
export function sessionServers(host: EtHost): number[] {
  return host
    .processes()
    .filter((line) => /etserver(\.js)? session/u.test(line) && line.includes('node'))
    .map((line) => Number(line.split(' ')[0]));
}

/** Settles when no session is left, so that the next measurement runs alone. */
export async function noSessions(host: EtHost): Promise<void> {
  while (sessionServers(host).length > 0) await sleep(50);
}

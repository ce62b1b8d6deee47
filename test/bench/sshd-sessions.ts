import { readdirSync, readFileSync } from 'node:fs';
import type { EtHost } from '../support/et-host.ts';

interface Entry {
  readonly pid: number;
  readonly parent: number;
}

/** The processes in which this host's sshd serves its connections, by process id; not the programs that they have started. */
export function sshdSessions(host: EtHost): number[] {
  const sshds: Entry[] = [];
  let daemon = -1;
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/u.test(each))) {
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ');
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // "sshd: /usr/sbin/sshd -D -e -f DIRECTORY/sshd_config [listener] ...", "sshd: root@notty"
      if (!/^sshd(?:-session)?: /u.test(words)) continue;
      sshds.push({ pid: Number(name), parent: Number(parent) });
      if (words.includes(host.sshd.directory)) daemon = Number(name);
    } catch {
      // Gone since it was listed.
    }
  }
  const below = new Set([daemon]);
  // A parent is listed before its child, but where numbers have begun again.
  for (const { pid, parent } of sshds) if (below.has(parent)) below.add(pid);
  below.delete(daemon);
  return [...below];
}

import { readdir, readFile, readlink } from 'node:fs/promises';

/** The state of a socket that listens, in /proc/net/tcp. */
const LISTENING = '0A';

/**
 * Who listens on a TCP port of this machine, as `redis-server (pid 4711)`, where the system says it: on Linux, of processes of the
 * same user, or of all for root. proc_pid_net(5).
 */
export async function portHolder(port: number): Promise<string | undefined> {
  try {
    const inodes = new Set([
      ...listenersOf(port, await readFile('/proc/net/tcp', 'latin1')),
      ...listenersOf(port, await readFile('/proc/net/tcp6', 'latin1').catch(() => '')),
    ]);
    return inodes.size === 0 ? undefined : await ownerOf(inodes);
  } catch {
    return undefined;
  }
}

/** The inodes of the sockets in a table of /proc/net that listen on `port`. */
function listenersOf(port: number, table: string): string[] {
  const inodes: string[] = [];
  for (const line of table.split('\n').slice(1)) {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/u);
    const isPort = Number.parseInt(local.slice(local.indexOf(':') + 1), 16) === port;
    if (isPort && state === LISTENING && inode !== undefined) inodes.push(inode);
  }
  return inodes;
}

async function ownerOf(inodes: ReadonlySet<string>): Promise<string | undefined> {
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/u.test(pid) || !(await holdsOne(pid, inodes))) continue;
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '?');
    return `${name.trim()} (pid ${pid})`;
  }
  return undefined;
}

async function holdsOne(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const directory = `/proc/${pid}/fd`;
  for (const fd of await readdir(directory).catch(() => [])) {
    const target = await readlink(`${directory}/${fd}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/u.exec(target)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}

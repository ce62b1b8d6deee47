import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A message longer than this is somebody's mistake. */
const MAX_FILE_BYTES = 65_536;
const FILES = ['etc/motd', 'run/motd', 'usr/lib/motd'];
const FOLDERS = ['etc/motd.d', 'run/motd.d', 'usr/lib/motd.d'];

/**
 * The message of the day as a login by ssh shows it (pam_motd as Debian and Fedora set it up): the
 * generated one, the first static one, then each file of the motd.d folders by name, a name in an
 * earlier folder hiding the same one in a later. Empty for a user with ~/.hushlogin. Line ends are
 * CR LF, as a terminal needs them.
 */
export function readMotd(home: string, root = '/'): string {
  if (existsSync(join(home, '.hushlogin'))) return '';
  const first = FILES.map((file) => readText(join(root, file))).find((text) => text !== undefined);
  const texts = [readText(join(root, 'run/motd.dynamic')), first, ...readFolders(root)];
  return texts.join('').replace(/\r?\n/gu, '\r\n');
}

function readFolders(root: string): (string | undefined)[] {
  const paths = new Map<string, string>();
  for (const folder of FOLDERS) {
    for (const name of namesIn(join(root, folder))) {
      if (!paths.has(name)) paths.set(name, join(root, folder, name));
    }
  }
  const sorted = [...paths].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([, path]) => readText(path));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** `undefined` unless it is a readable file of a sensible size. */
function readText(path: string): string | undefined {
  try {
    const stat = statSync(path);
    return stat.isFile() && stat.size <= MAX_FILE_BYTES ? readFileSync(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}

import { type Dirent, promises as fs } from 'node:fs';
import { join } from 'node:path';
import { SPOOL_FILE_NAME } from './spool-files.ts';

/** What one call looks at, so that a directory full of other things delays nobody's start for long. */
const MAX_ENTRIES = 20_000;

const SESSION_ID: RegExp = /^[0-9a-f]{32}$/u;

/** `$XDG_STATE_HOME/everterm/spool`, by default in `~/.local/state`: a directory for each session is in it. */
export function spoolRoot(
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
): string {
  const state = environment['XDG_STATE_HOME'];
  // The specification says that a relative path is to be ignored.
  const base = state?.startsWith('/') === true ? state : join(home, '.local', 'state');
  return join(base, 'everterm', 'spool');
}

/** The directory of one session; `sessionId` is its 32 hexadecimal digits. */
export function spoolDirectory(root: string, sessionId: string): string {
  return join(root, sessionId);
}

/**
 * Deletes what sessions have left in `root` that ended without a chance to: nobody has the key to it any more. Gives the bytes that went, by
 * session id. What cannot be deleted, and what is none of ours, is left where it is; so are links, which are never followed.
 */
export async function removeDeadSpools(
  root: string,
  isAlive: (sessionId: string) => boolean | Promise<boolean>,
): Promise<ReadonlyMap<string, number>> {
  const removed = new Map<string, number>();
  const budget = { entries: MAX_ENTRIES };
  for (const id of await namesIn(root, budget, (entry) => entry.isDirectory(), SESSION_ID)) {
    if (await isAlive(id)) continue;
    const bytes = await removeSpool(spoolDirectory(root, id), budget);
    if (bytes !== undefined) removed.set(id, bytes);
  }
  return removed;
}

/** `undefined` where something stays. Only files of a spool's names are deleted, none below them. */
async function removeSpool(
  directory: string,
  budget: { entries: number },
): Promise<number | undefined> {
  let bytes = 0;
  try {
    for (const name of await namesIn(directory, budget, (entry) => entry.isFile(), SPOOL_FILE_NAME))
      bytes += await removeFile(join(directory, name));
    await fs.rmdir(directory);
    return bytes;
  } catch {
    return undefined;
  }
}

async function removeFile(path: string): Promise<number> {
  const { size } = await fs.lstat(path);
  await fs.unlink(path);
  return size;
}

/** Those that match; none where there is no such directory, or it is a link. */
async function namesIn(
  path: string,
  budget: { entries: number },
  isWanted: (entry: Dirent) => boolean,
  pattern: RegExp,
): Promise<string[]> {
  const names: string[] = [];
  try {
    if (!(await fs.lstat(path)).isDirectory()) return names;
    for await (const entry of await fs.opendir(path)) {
      if (budget.entries === 0) break;
      budget.entries -= 1;
      if (pattern.test(entry.name) && isWanted(entry)) names.push(entry.name);
    }
  } catch {
    // It is not there, or not ours to read.
  }
  return names;
}

import { type Dirent, promises as fs } from 'node:fs';
import { join } from 'node:path';
import { SPOOL_FILE_NAME } from './spool-files.ts';

/** The most sessions that one call looks at, and the most files: what is left is for the next start. */
const MAX_ENTRIES = 10_000;

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
  maxEntries: number = MAX_ENTRIES,
): Promise<ReadonlyMap<string, number>> {
  const removed = new Map<string, number>();
  let filesLeft = maxEntries;
  const isSession = (entry: Dirent): boolean => entry.isDirectory() && SESSION_ID.test(entry.name);
  for (const id of await namesIn(root, maxEntries, isSession)) {
    if (filesLeft <= 0) break;
    if (await isAlive(id)) continue;
    const spool = await removeSpool(spoolDirectory(root, id), filesLeft);
    filesLeft -= spool.files;
    if (spool.isGone || spool.bytes > 0) removed.set(id, spool.bytes);
  }
  return removed;
}

interface RemovedSpool {
  readonly files: number;
  readonly bytes: number;
  /** The directory too: there was nothing else in it. */
  readonly isGone: boolean;
}

/** Only files of a spool's names are deleted, and nothing in directories below. */
async function removeSpool(directory: string, maxFiles: number): Promise<RemovedSpool> {
  const isSpoolFile = (entry: Dirent): boolean =>
    entry.isFile() && SPOOL_FILE_NAME.test(entry.name);
  let files = 0;
  let bytes = 0;
  try {
    for (const name of await namesIn(directory, maxFiles, isSpoolFile)) {
      bytes += await removeFile(join(directory, name));
      files += 1;
    }
    await fs.rmdir(directory);
    return { files, bytes, isGone: true };
  } catch {
    return { files, bytes, isGone: false };
  }
}

async function removeFile(path: string): Promise<number> {
  const { size } = await fs.lstat(path);
  await fs.unlink(path);
  return size;
}

/** Those wanted among the first `maxEntries`; none where there is no such directory, or it is a link. */
async function namesIn(
  path: string,
  maxEntries: number,
  isWanted: (entry: Dirent) => boolean,
): Promise<string[]> {
  const names: string[] = [];
  try {
    if (!(await fs.lstat(path)).isDirectory()) return names;
    let seen = 0;
    for await (const entry of await fs.opendir(path)) {
      if (seen === maxEntries) break;
      seen += 1;
      if (isWanted(entry)) names.push(entry.name);
    }
  } catch {
    // It is not there, or not ours to read.
  }
  return names;
}

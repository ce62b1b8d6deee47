import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EtError, messageOf, systemCodeOf } from '../base/errors.ts';
import { type KnownHost, parseKnownHosts } from './known-hosts.ts';

/** All entries of all files, in order. A file that is not there has none. */
export async function readKnownHosts(files: readonly string[]): Promise<KnownHost[]> {
  const all = await Promise.all(files.map(readOne));
  return all.flat();
}

async function readOne(file: string): Promise<KnownHost[]> {
  try {
    return parseKnownHosts(await readFile(file, 'utf8'), file);
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT' || systemCodeOf(cause) === 'ENOTDIR') return [];
    // To go on without it would be to forget every key in it.
    throw new EtError('ET_ERR_HOST_KEY', `cannot read ${file}: ${messageOf(cause)}`, {
      cause,
      advice: 'make it readable, or name another with -o UserKnownHostsFile=FILE',
    });
  }
}

/** Adds a line for `name` at the end of `file`, which only its owner may read where it is made here. */
export async function appendKnownHost(
  file: string,
  name: string,
  type: string,
  key: Uint8Array,
): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(file, 'a+', 0o600);
  try {
    const { size } = await handle.stat();
    const last = Buffer.alloc(1, '\n');
    if (size > 0) await handle.read(last, 0, 1, size - 1);
    const lead = last.toString() === '\n' ? '' : '\n';
    await handle.appendFile(`${lead}${name} ${type} ${Buffer.from(key).toString('base64')}\n`);
  } finally {
    await handle.close();
  }
}

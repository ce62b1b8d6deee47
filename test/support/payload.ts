import { createHash, randomFillSync } from 'node:crypto';
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const PIECE_BYTES = 1_000_000;

/** Files of random bytes, which tests only read. */
export class Payload {
  readonly directory: string = realpathSync(mkdtempSync(join(tmpdir(), 'everterm-payload-')));

  /** Makes a file of so many bytes; returns its path. */
  file(name: string, bytes: number): string {
    const path = join(this.directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '');
    const piece = Buffer.alloc(PIECE_BYTES);
    for (let left = bytes; left > 0; left -= PIECE_BYTES) {
      randomFillSync(piece);
      writeFileSync(path, piece.subarray(0, Math.min(left, PIECE_BYTES)), { flag: 'a' });
    }
    return path;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** SHA-256 of a file, which may be large. */
export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** The bytes that are in a file, or in all files of a tree; 0 where it does not exist yet. */
export function bytesBelow(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.size;
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' });
  return names.reduce((sum, name) => sum + fileBytes(join(path, name)), 0);
}

/** Temporary files come and go while somebody counts. */
function fileBytes(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true ? stat.size : 0;
}

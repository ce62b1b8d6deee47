import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchPlace } from './bench-place.ts';

const LINE = 'The quick brown fox jumps over the lazy dog, and comes back for more: 0123456789\n';
const BLOCK = Buffer.from(LINE.repeat(12_288));

/** Makes a file of lines in the place's home, and returns its path. */
export function textFile(place: BenchPlace, name: string, bytes: number): string {
  const path = join(place.host.home, name);
  const fd = openSync(path, 'wx', 0o600);
  for (let left = bytes; left > 0; left -= BLOCK.length)
    writeSync(fd, BLOCK, 0, Math.min(left, BLOCK.length));
  closeSync(fd);
  return path;
}

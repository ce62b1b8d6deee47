import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchPlace } from './bench-place.ts';

const BLOCK_BYTES = 1024 * 1024;
const FILES = ['channel', 'spool', 'parser', 'screen', 'session', 'router', 'record', 'cipher'];

/** Lines as a build prints them, with colours, for about 1 MiB. They differ, but are the same in each run. */
function block(): Buffer {
  const lines: string[] = [];
  for (let at = 0, length = 0; length < BLOCK_BYTES; at += 1) {
    const line = buildLine(at);
    lines.push(line);
    length += line.length;
  }
  return Buffer.from(lines.join(''));
}

function buildLine(at: number): string {
  const name = `${FILES[(at * 7) % FILES.length]}-${(at * 31) % 977}`;
  const share = String(Math.floor((at * 100) / 12_000) % 101).padStart(3);
  if (at % 50 === 49)
    return `\x1b[1msrc/${name}.c:${(at * 13) % 2000}:${at % 80}: \x1b[1;35mwarning: \x1b[0munused variable '\x1b[1m${name}\x1b[0m' [\x1b[1;35m-Wunused-variable\x1b[0m]\n`;
  if (at % 10 === 9) return `[${share}%] \x1b[1;32mLinking C object \x1b[0mlib/${name}.so\n`;
  return `[${share}%] \x1b[32mBuilding C object \x1b[0msrc/CMakeFiles/everything.dir/${name}.c.o\n`;
}

/** Makes a file of so many bytes, or a few more, in the place's home, whose last line is `last`; returns its path. */
export function buildLog(place: BenchPlace, name: string, bytes: number, last: string): string {
  const path = join(place.host.home, name);
  const lines = block();
  const fd = openSync(path, 'wx', 0o600);
  for (let left = bytes; left > 0; left -= lines.length) writeSync(fd, lines);
  writeSync(fd, `${last}\n`);
  closeSync(fd);
  return path;
}

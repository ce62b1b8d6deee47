import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const PIECE_BYTES = 4 * 1024 * 1024;

/** How often `marker` stands in the memory of a process, wherever it may be read; for root. */
export function countInMemory(pid: number, marker: string): number {
  const wanted = Buffer.from(marker, 'latin1');
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  let count = 0;
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
      const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) r/u.exec(line) ?? [];
      if (from === undefined || to === undefined || line.endsWith('[vvar]')) continue;
      count += countIn(memory, BigInt(`0x${from}`), BigInt(`0x${to}`), wanted);
    }
  } finally {
    closeSync(memory);
  }
  return count;
}

function countIn(memory: number, from: bigint, to: bigint, wanted: Buffer): number {
  const piece = Buffer.alloc(PIECE_BYTES + wanted.length);
  let count = 0;
  for (let at = from; at < to; at += BigInt(PIECE_BYTES)) {
    const length = Number(to - at < BigInt(piece.length) ? to - at : BigInt(piece.length));
    let read = 0;
    try {
      read = readSync(memory, piece, 0, length, at);
    } catch {
      // Reserved, and never touched.
    }
    const text = piece.subarray(0, read);
    // What lies across two pieces is read with the first.
    for (let found = text.indexOf(wanted); found >= 0 && found < PIECE_BYTES; count += 1) {
      found = text.indexOf(wanted, found + 1);
    }
  }
  return count;
}

import { readFileSync, writeFileSync } from 'node:fs';
import { processFigures } from './process-figures.ts';

/** Looking costs the process a millisecond or two. */
const LOOK_EVERY_MS = 50;

/** How far a group of processes rose above what they held before, all of them together. */
export interface PeakMemory {
  /** Memory that is theirs alone, as seen every 50 ms. */
  readonly ussBytes: number;
  /** Resident memory, of which the kernel itself keeps the high-water mark. */
  readonly rssBytes: number;
}

/** What each of `groups` (process ids) came to hold above its present size while `work` went on. Linux only. */
export async function peakMemory(
  groups: readonly (readonly number[])[],
  work: () => Promise<unknown>,
): Promise<PeakMemory[]> {
  const before = groups.map(ussOf);
  const rssBefore = groups.map((pids) => total(pids, (pid) => statusBytes(pid, 'VmRSS')));
  // The mark begins again at what is resident now.
  for (const pid of groups.flat()) writeFileSync(`/proc/${pid}/clear_refs`, '5');
  const peaks = [...before];
  const look = (): void => {
    for (const [at, pids] of groups.entries()) peaks[at] = Math.max(peaks[at] ?? 0, ussOf(pids));
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  look();
  return groups.map((pids, at) => ({
    ussBytes: (peaks[at] ?? 0) - (before[at] ?? 0),
    rssBytes: total(pids, (pid) => statusBytes(pid, 'VmHWM')) - (rssBefore[at] ?? 0),
  }));
}

/** Memory that would be free without these processes. */
export function ussOf(pids: readonly number[]): number {
  return total(pids, (pid) => processFigures(pid).ussBytes);
}

function statusBytes(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'mu').exec(status)?.[1] ?? 0) * 1024;
}

function total(pids: readonly number[], of: (pid: number) => number): number {
  return pids.reduce((sum, pid) => sum + of(pid), 0);
}

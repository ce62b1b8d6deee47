import { readdirSync, readFileSync } from 'node:fs';

/** What the kernel says of a process, all its threads together. Linux only. */
export interface ProcessFigures {
  /** Its own memory, and its share of what several have mapped. */
  readonly pssBytes: number;
  /** Memory that would be free without it. */
  readonly ussBytes: number;
  /** Time on a CPU since it began. */
  readonly cpuMs: number;
  /** How often a thread of it has gone to sleep, which is how often one was woken. */
  readonly wakeUps: number;
}

export function processFigures(pid: number): ProcessFigures {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  const tasks = readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}`);
  return {
    pssBytes: kibibytes(rollup, 'Pss') * 1024,
    ussBytes: (kibibytes(rollup, 'Private_Clean') + kibibytes(rollup, 'Private_Dirty')) * 1024,
    // "1234567 89 10": nanoseconds on a CPU, waiting for one, slices
    cpuMs: sum(
      tasks.map((task) => Number(readFileSync(`${task}/schedstat`, 'latin1').split(' ')[0]) / 1e6),
    ),
    wakeUps: sum(
      tasks.map((task) => {
        const status = readFileSync(`${task}/status`, 'latin1');
        return Number(/^voluntary_ctxt_switches:\s*(\d+)/mu.exec(status)?.[1] ?? 0);
      }),
    ),
  };
}

function kibibytes(rollup: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'mu').exec(rollup)?.[1] ?? 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

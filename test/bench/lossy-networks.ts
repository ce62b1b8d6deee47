import type { Target } from './bench-row.ts';
import type { LatencySummary } from './key-times.ts';
import { atMost } from './targets.ts';

/** A network in which keys are typed, and what et is held to there. */
export interface LossyNetwork {
  /** For `--only`, and the plot's file. */
  readonly id: string;
  readonly name: string;
  /** The delay alone, in which sessions start. */
  readonly calm: readonly string[];
  /** What is added to it, as for `netlab set`. */
  readonly faults: readonly string[];
  readonly targets: Partial<Record<keyof LatencySummary, Target>>;
}

function all(median: number, mean: number, p95: number, p99: number): LossyNetwork['targets'] {
  return {
    medianMs: atMost(median),
    meanMs: atMost(mean),
    p95Ms: atMost(p95),
    p99Ms: atMost(p99),
  };
}

export const LOSSY_NETWORKS: readonly LossyNetwork[] = [
  {
    id: 'loss-29',
    name: '100 ms RTT, 29 % loss each way',
    calm: ['delay=50'],
    faults: ['loss=29'],
    targets: all(110, 140, 200, 350),
  },
  {
    id: 'loss-60',
    name: '100 ms RTT, 60 % loss each way',
    calm: ['delay=50'],
    faults: ['loss=60'],
    targets: all(150, 220, 450, 700),
  },
  {
    id: 'loss-5',
    name: '50 ms RTT, 5 % loss each way',
    calm: ['delay=25'],
    faults: ['loss=5'],
    targets: all(52, 58, 80, 120),
  },
  {
    id: 'bursts',
    // 2 / (2 + 20) of the packets, in bursts of 100 / 20.
    name: '50 ms RTT, 9 % loss each way in bursts of 5 packets',
    calm: ['delay=25'],
    faults: ['burst_enter=2', 'burst_leave=20'],
    targets: all(52, 65, 110, 300),
  },
  {
    id: 'clean',
    name: '50 ms RTT, no loss',
    calm: ['delay=25'],
    faults: [],
    targets: {},
  },
  {
    id: 'lan',
    name: '0.4 ms RTT, no loss',
    calm: ['delay=0.2'],
    faults: [],
    targets: { medianMs: atMost(2), p99Ms: atMost(6) },
  },
];

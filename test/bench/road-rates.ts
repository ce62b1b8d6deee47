import type { Program } from './bench-place.ts';
import { median } from './quantile.ts';
import type { TunnelBed } from './tunnel-bed.ts';
import type { TunnelDirection, TunnelWay } from './tunnel-program.ts';

const MB = 1e6;

/** A session over one road; or with no program the bed's way without a session. */
export interface Road {
  readonly name: string;
  readonly program?: Program;
  readonly flags?: readonly string[];
}

/** A session server that was asked for a port has it, and no router. */
export const DIRECT: Road = {
  name: 'direct',
  program: 'et',
  flags: ['--via', 'tcp', '--port', '61000-61099'],
};
/** By the router, where one runs. */
export const ROUTED: Road = { name: 'routed', program: 'et', flags: ['--via', 'tcp'] };
export const OVER_SSH: Road = { name: 'over ssh', program: 'et', flags: ['--via', 'ssh'] };
export const SSH: Road = { name: 'ssh', program: 'ssh', flags: [] };
export const RAW: Road = { name: 'raw' };

export interface RateOptions {
  readonly direction: TunnelDirection;
  readonly mb: number;
  readonly runs: number;
}

/** Sessions over several roads that are open at once, of which one at a time has bulk to move. */
export class RoadSessions {
  readonly #bed: TunnelBed;
  readonly #ways = new Map<Road, TunnelWay>();
  readonly #closers: (() => Promise<void>)[] = [];

  constructor(bed: TunnelBed) {
    this.#bed = bed;
  }

  async open(road: Road): Promise<void> {
    const { program, flags } = road;
    if (program === undefined) {
      this.#ways.set(road, this.#bed.direct);
      return;
    }
    const tunnel = await this.#bed.open(program, flags);
    this.#ways.set(road, tunnel.straight);
    this.#closers.push(() => tunnel.close());
  }

  /** MB/s of each road: bytes of one connection, the roads in turns, the first round not counted. */
  async rates({ direction, mb, runs }: RateOptions): Promise<(road: Road) => number> {
    const times = new Map<Road, number[]>();
    for (let run = 0; run <= runs; run += 1) {
      for (const [road, way] of this.#ways) {
        const bytes = mb * MB;
        const task = { kind: 'transfer', way, direction, bytes, connections: 1 } as const;
        const tookMs = await this.#bed.near.number(task);
        if (run > 0) times.set(road, [...(times.get(road) ?? []), tookMs]);
      }
    }
    return (road) => mb / (median(times.get(road) ?? []) / 1000);
  }

  async close(): Promise<void> {
    for (const close of this.#closers) await close();
  }
}

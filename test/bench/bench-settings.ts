/** How a run of the benches was asked for. */
export interface BenchSettings {
  /** Small sizes and few repetitions: it shows that a bench works, not what it would say. */
  readonly quick: boolean;
  /** Repetitions of what is repeated; default: each bench's own. */
  readonly runs: number | undefined;
  /** Where V8 leaves a CPU profile of each client and session server; default: nowhere. */
  readonly profileDirectory: string | undefined;
  /** Says what is going on. */
  readonly say: (line: string) => void;
}

/** How often something is repeated. */
export function runsOf(settings: BenchSettings, usual: number, quick: number): number {
  return settings.runs ?? (settings.quick ? quick : usual);
}

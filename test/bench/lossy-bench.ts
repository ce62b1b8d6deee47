import type { BenchSettings } from './bench-settings.ts';
import type { LossyCurve, LossyRow } from './lossy-row.ts';
import type { LossyTool } from './lossy-tools.ts';

/** How the bench of the bad network was asked for. */
export interface LossySettings extends BenchSettings {
  readonly tools: readonly LossyTool[];
  /** Keys of one tool in one network. */
  readonly keys: number;
}

export interface LossyFindings {
  readonly rows: readonly LossyRow[];
  readonly curves: readonly LossyCurve[];
}

/** A part of the bench, by a name for `--only`: all tools in one run. */
export interface LossyBench {
  readonly name: string;
  readonly run: (settings: LossySettings) => Promise<LossyFindings>;
}

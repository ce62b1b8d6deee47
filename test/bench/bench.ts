import type { RequirementName } from '../support/requirements.ts';
import type { BenchRow } from './bench-row.ts';
import type { BenchSettings } from './bench-settings.ts';

/** Something to measure, by a name for `--only`. */
export interface Bench {
  readonly name: string;
  /** What it needs besides ssh and sshd; where that is missing it is left out, with a line. */
  readonly needs: readonly RequirementName[];
  readonly run: (settings: BenchSettings) => Promise<readonly BenchRow[]>;
}

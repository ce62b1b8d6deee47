/** What a number is held to. */
export interface Target {
  readonly text: string;
  /** `ssh` is `null` where ssh has no such number; a target that compares with it is then open. */
  readonly isMet: (et: number, ssh: number | null) => boolean | null;
}

/** One line of the table, and one object of the JSON. */
export interface BenchRow {
  readonly name: string;
  readonly unit: string;
  readonly et: number | null;
  readonly ssh: number | null;
  /** et / ssh */
  readonly ratio: number | null;
  readonly target: string | null;
  readonly met: boolean | null;
}

export interface RowValues {
  readonly name: string;
  readonly unit: string;
  readonly et: number | null;
  readonly ssh?: number | null;
  readonly target?: Target;
}

export function benchRow({ name, unit, et, ssh = null, target }: RowValues): BenchRow {
  return {
    name,
    unit,
    et,
    ssh,
    ratio: et === null || ssh === null || ssh === 0 ? null : et / ssh,
    target: target?.text ?? null,
    met: et === null ? null : (target?.isMet(et, ssh) ?? null),
  };
}

import type { Target } from './bench-row.ts';

/** One line of the table of the bad network. */
export interface LossyRow {
  readonly network: string;
  readonly measure: string;
  readonly unit: string;
  /** By the tool's name; a tool without this number is not in it. */
  readonly values: Readonly<Record<string, number>>;
  readonly target: string | null;
  /** Whether `et` meets it. */
  readonly met: boolean | null;
}

/** The latencies of one tool in one network, for a curve. */
export interface LossyCurve {
  readonly network: string;
  readonly tool: string;
  readonly latenciesMs: readonly number[];
}

export interface LossyRowValues {
  readonly network: string;
  readonly measure: string;
  readonly unit: string;
  readonly values: ReadonlyMap<string, number>;
  readonly target?: Target | undefined;
  /** The tool that a target compares with; default: ssh. */
  readonly beside?: string;
}

/** `et`'s value is that of the tool of this name. */
export function lossyRow(of: LossyRowValues): LossyRow {
  const { network, measure, unit, values, target, beside = 'ssh' } = of;
  const et = values.get('et');
  return {
    network,
    measure,
    unit,
    values: Object.fromEntries(values),
    target: target?.text ?? null,
    met: et === undefined ? null : (target?.isMet(et, values.get(beside) ?? null) ?? null),
  };
}

/** One figure of what each tool found. */
export function figureOf<T>(
  found: ReadonlyMap<string, T>,
  figure: (of: T) => number,
): Map<string, number> {
  return new Map([...found].map(([tool, of]) => [tool, figure(of)]));
}

import { EtError } from '../base/errors.ts';

/** Several dials that have failed, each with its own words; the code is the first one's, which is the best road's. */
export class AllFailed extends EtError {
  /** In the order of the plan; none of them is an `AllFailed` itself. */
  readonly failures: readonly EtError[];

  constructor(errors: readonly EtError[]) {
    const failures = errors.flatMap((error) =>
      error instanceof AllFailed ? error.failures : [error],
    );
    const text = failures.map(({ message }) => message).join('; ');
    super(failures[0]?.code ?? 'ET_ERR_DIAL', text, { cause: failures[0] });
    this.failures = failures;
  }
}

import { nameOf } from '../../base/flag.ts';
import { CLIENT_FLAGS, type ClientFlagKey } from './option-table.ts';
import type { Occurrence } from './read-arguments.ts';

/** The flags that were given, asked for one by one. */
export class GivenFlags {
  readonly #occurrences: readonly Occurrence<ClientFlagKey>[];

  constructor(occurrences: readonly Occurrence<ClientFlagKey>[]) {
    this.#occurrences = occurrences;
  }

  /** The same flags, and others behind them. */
  with(others: readonly Occurrence<ClientFlagKey>[]): GivenFlags {
    return new GivenFlags([...this.#occurrences, ...others]);
  }

  has(key: ClientFlagKey): boolean {
    return this.count(key) > 0;
  }

  count(key: ClientFlagKey): number {
    return this.all(key).length;
  }

  all(key: ClientFlagKey): string[] {
    return this.#occurrences.filter((each) => each.key === key).map(({ value }) => value);
  }

  /** The flags of these keys, in the order in which they were typed. */
  among(keys: readonly ClientFlagKey[]): Occurrence<ClientFlagKey>[] {
    return this.#occurrences.filter(({ key }) => keys.includes(key));
  }

  /** Of flags that say the same thing the last one counts. */
  last(...keys: ClientFlagKey[]): Occurrence<ClientFlagKey> | undefined {
    return this.#occurrences.findLast(({ key }) => keys.includes(key));
  }

  /** The value of the last `key`, read by `parse`; `undefined` where it was not given. */
  value<T>(key: ClientFlagKey, parse: (text: string) => T): T | undefined {
    const occurrence = this.last(key);
    return occurrence === undefined ? undefined : parse(occurrence.value);
  }
}

/** As messages name the flag of `key`. */
export function spelled(key: ClientFlagKey): string {
  const flag = CLIENT_FLAGS.find((each) => each.key === key);
  return flag === undefined ? key : nameOf(flag);
}

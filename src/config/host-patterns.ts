import { EtError } from '../base/errors.ts';
import { matchesPattern } from '../base/matches-pattern.ts';
import { describeText } from './describe-text.ts';

/**
 * A list of patterns as behind Host in ssh_config: a host matches when one of them does and none with `!` in front, wherever that
 * stands.
 */
export class HostPatterns {
  readonly #wanted: readonly string[];
  readonly #excluded: readonly string[];

  /** @param patterns each of them one that `checkHostPattern` accepts */
  constructor(patterns: readonly string[]) {
    this.#wanted = patterns.filter((each) => !each.startsWith('!'));
    this.#excluded = patterns.filter((each) => each.startsWith('!')).map((each) => each.slice(1));
  }

  /** Such a list matches nothing. */
  get isOnlyExclusions(): boolean {
    return this.#wanted.length === 0;
  }

  matches(host: string): boolean {
    const name = host.toLowerCase();
    const isLike = (pattern: string): boolean => matchesPattern(pattern, name);
    return this.#wanted.some(isLike) && !this.#excluded.some(isLike);
  }
}

/** @throws {EtError} ET_ERR_CONFIG, which says what no host is like */
export function checkHostPattern(text: string): void {
  const pattern = text.replace(/^!/u, '');
  const objection = objectionTo(pattern);
  if (objection === undefined) return;
  throw new EtError('ET_ERR_CONFIG', `has ${describeText(text)}: ${objection}`);
}

function objectionTo(pattern: string): string | undefined {
  if (pattern === '') return 'a pattern is not empty';
  if (pattern.startsWith('!')) return 'a pattern has one ! at most';
  if (/[\s,]/u.test(pattern)) return 'each pattern is a string of its own';
  if (pattern.includes('@')) return 'a pattern is of the host alone, without a user';
  if (pattern.includes('[')) return 'an address stands without brackets and port';
  // Two colons are an address of IPv6.
  if (/^[^:]*:\d+$/u.test(pattern)) return 'a pattern is of the host alone, without a port';
  return /[\p{Cc}/\\\]]/u.test(pattern) ? 'no host has such a name' : undefined;
}

import { EtError } from '../../base/errors.ts';
import type { OpenPolicy } from '../../forward/open-policy.ts';
import { Policy, type PolicyEntry } from '../../forward/policy.ts';
import { parseOpenPattern } from '../../forward/policy-pattern.ts';
import { ROUTER_PORT } from '../../wire/limits.ts';

/** Which hosts a router hands clients on to. */
export type ForwardTargets = OpenPolicy;

/**
 * `HOST[:PORTS]`, separated by commas: a name, in which `*` is any part, an address or a range of addresses; IPv6 in brackets. Without
 * ports it is a router's usual one. What is not listed is not permitted, and 0.0.0.0, :: and the metadata address of clouds only
 * where they are named themselves.
 *
 * @throws {EtError} ET_ERR_CONFIG, which names the entry that is wrong
 */
export function parseForwardTargets(text: string): ForwardTargets {
  const permitOpen = text.split(',').map(entryOf);
  const none = { permitListen: [], denyOpen: [], denyListen: [], tunnelsOffAt: undefined };
  return new Policy([{ file: '--allow-forward-to', permitOpen, ...none, agentOffAt: undefined }]);
}

function entryOf(text: string): PolicyEntry {
  const trimmed = text.trim();
  const hasPorts = /^(?:\[[^\]]*\]|[^:[\]]+):/u.test(trimmed);
  try {
    if (trimmed.startsWith('/')) throw new EtError('ET_ERR_CONFIG', 'a path is no host');
    const pattern = parseOpenPattern(hasPorts ? trimmed : `${trimmed}:${ROUTER_PORT}`);
    return { pattern, source: '--allow-forward-to' };
  } catch (cause) {
    const why = cause instanceof EtError ? cause.message : String(cause);
    throw new EtError('ET_ERR_CONFIG', `${JSON.stringify(trimmed)}: ${why}`, { cause });
  }
}

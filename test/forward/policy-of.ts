import { Policy, type PolicyRules } from '../../src/forward/policy.ts';
import { parseListenPattern, parseOpenPattern } from '../../src/forward/policy-pattern.ts';

/** What a file would say, in the words of a file. */
export interface Lists {
  readonly permitOpen?: readonly string[];
  readonly denyOpen?: readonly string[];
  readonly permitListen?: readonly string[];
  readonly denyListen?: readonly string[];
  readonly tunnels?: boolean;
  readonly agent?: boolean;
}

/** As if the lists stood in a file `FILE`, each entry at `FILE:` and itself. */
export function rulesOf(lists: Lists, file = 'FILE'): PolicyRules {
  const entries = (texts: readonly string[] | undefined, parse: typeof parseOpenPattern) =>
    texts?.map((text) => ({ pattern: parse(text), source: `${file}:${text}` }));
  return {
    file,
    permitOpen: entries(lists.permitOpen, parseOpenPattern),
    denyOpen: entries(lists.denyOpen, parseOpenPattern) ?? [],
    permitListen: entries(lists.permitListen, (text) => parseListenPattern(text, 'permit')),
    denyListen: entries(lists.denyListen, (text) => parseListenPattern(text, 'deny')) ?? [],
    tunnelsOffAt: lists.tunnels === false ? `${file}:tunnels` : undefined,
    agentOffAt: lists.agent === false ? `${file}:agent` : undefined,
  };
}

export function policyOf(...layers: readonly Lists[]): Policy {
  return new Policy(layers.map((lists, index) => rulesOf(lists, `FILE${index + 1}`)));
}

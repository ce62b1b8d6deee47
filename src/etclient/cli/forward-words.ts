import { type Flag, spellingsOf } from '../../base/flag.ts';
import { usageError } from '../../base/usage-error.ts';
import type { ListenPlace } from '../../forward/endpoint.ts';
import type { ForwardKind, ForwardSpec } from '../../forward/forward-spec.ts';
import { parseListenPlace } from '../../forward/parse-listen-place.ts';
import { FORWARD_KEYS, specsOf } from './forward-flags.ts';
import { CLIENT_FLAGS, type ClientFlagKey } from './option-table.ts';

const KINDS: Partial<Record<ClientFlagKey, ForwardKind>> = {
  'local-forward': 'local',
  tunnel: 'local',
  'remote-forward': 'remote',
  'reverse-tunnel': 'remote',
  'dynamic-forward': 'dynamic',
  'http-proxy': 'http-proxy',
  udp: 'udp',
  'udp-reverse': 'udp-reverse',
};

/** The flags that ask for a forward. */
export const FORWARD_FLAGS: readonly Flag<ClientFlagKey>[] = CLIENT_FLAGS.filter(({ key }) =>
  FORWARD_KEYS.includes(key),
);

/** Forwards that are named to be removed. */
export interface NamedForwards {
  readonly kind: ForwardKind;
  /** Where one of them listens, if the value is that; else `asAdded` has them. */
  readonly place: ListenPlace | undefined;
  /** Whether the place is a port alone, whatever it is bound to. */
  readonly isPort: boolean;
  /** The value read as it would be to add them. */
  readonly asAdded: readonly ListenPlace[];
}

/** The forwards that `-L 8003:db:5432` asks for, its flag and its value apart. @throws {EtError} ET_ERR_USAGE */
export function forwardsToAdd(flag: string, value: string, gatewayPorts: boolean): ForwardSpec[] {
  return specsOf([{ key: keyOf(flag), value }], gatewayPorts);
}

/** Which forwards `-L 8003` means, or `-L 8003:db:5432` as it was added. @throws {EtError} ET_ERR_USAGE */
export function forwardsToRemove(
  flag: string,
  value: string,
  gatewayPorts: boolean,
): NamedForwards {
  const key = keyOf(flag);
  const place = attempt(() => parseListenPlace(value, flag));
  const specs = attempt(() => specsOf([{ key, value }], gatewayPorts));
  // It is the place that is asked for: what is wrong with that is what helps.
  if (place === undefined && specs === undefined) parseListenPlace(value, flag);
  const kind = KINDS[key] ?? 'local';
  const asAdded = specs?.map(({ listen }) => listen) ?? [];
  return { kind, place, isPort: /^\d+$/u.test(value), asAdded };
}

function keyOf(flag: string): ClientFlagKey {
  const found = FORWARD_FLAGS.find((each) => spellingsOf(each).includes(flag));
  if (found !== undefined) return found.key;
  const all = FORWARD_FLAGS.map(({ short, long }) => short ?? long).join(', ');
  throw usageError(`${JSON.stringify(flag.slice(0, 40))} asks for no forward: write one of ${all}`);
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

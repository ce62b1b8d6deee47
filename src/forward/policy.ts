import { formatEndpoint } from '../link/plain-address.ts';
import {
  type AddressRange,
  contains,
  destinationsOf,
  overlaps,
  parseAddress,
} from './address-range.ts';
import { plainName } from './host-name.ts';
import {
  type HostPattern,
  matchesName,
  matchesPath,
  type PolicyPattern,
  rangesOfBind,
} from './policy-pattern.ts';
import { holdsAllPorts, holdsPort } from './port-pattern.ts';

/** One entry of a list of a policy's file. */
export interface PolicyEntry {
  readonly pattern: PolicyPattern;
  /** `/etc/everterm/server.toml:4`, for reasons. */
  readonly source: string;
}

/** What one file says. A list of what is permitted that is absent permits everything; an empty one nothing. */
export interface PolicyRules {
  readonly file: string;
  readonly permitOpen: readonly PolicyEntry[] | undefined;
  readonly denyOpen: readonly PolicyEntry[];
  readonly permitListen: readonly PolicyEntry[] | undefined;
  readonly denyListen: readonly PolicyEntry[];
  /** Where it says `tunnels = false`; `undefined` where it does not. */
  readonly tunnelsOffAt: string | undefined;
  /** Where it says `agent = false`. */
  readonly agentOffAt: string | undefined;
}

const ZEROS_4 = [0, 0, 0, 0];
const ZEROS_8 = [...ZEROS_4, ...ZEROS_4];

/**
 * Denied until permit-open names the very address. A cloud's metadata service gives the machine's credentials to whoever can connect
 * from it; a connection to 0.0.0.0 or :: goes to the machine itself, by an address that no rule about loopback mentions.
 */
const BUILT_IN_DENIALS: readonly AddressRange[] = [
  { bytes: [169, 254, 169, 254], bits: 32 },
  // fd00:ec2::254
  { bytes: [0xfd, 0, 0x0e, 0xc2, ...ZEROS_8, 0, 0, 0x02, 0x54], bits: 128 },
  { bytes: ZEROS_4, bits: 8 },
  { bytes: [...ZEROS_8, ...ZEROS_8], bits: 128 },
];

/** What is asked for: by which name, and where that leads. */
interface Target {
  /** As {@link plainName} writes it; `undefined` for an address with colons. */
  readonly name: string | undefined;
  readonly address: AddressRange;
  readonly port: number;
}

/**
 * Where a session server may connect to and listen, for tcp and udp alike. A target has to pass every layer, and in each one: no
 * entry that denies it, and one that permits it where there is a list of these. Nothing is dialled, bound or resolved here.
 *
 * The first layer binds most: it alone can lift the built-in denials.
 */
export class Policy {
  /** Without any file: the built-in denials only. */
  static readonly open: Policy = new Policy([]);

  /** Nothing, since what would be permitted cannot be known: `reason` says why. */
  static closed(reason: string): Policy {
    const lists = { permitOpen: [], denyOpen: [], permitListen: [], denyListen: [] };
    return new Policy([{ file: reason, ...lists, tunnelsOffAt: reason, agentOffAt: reason }]);
  }

  readonly #layers: readonly PolicyRules[];

  constructor(layers: readonly PolicyRules[]) {
    this.#layers = layers;
  }

  get permitsTunnels(): boolean {
    return this.objectionToTunnels() === undefined;
  }

  get permitsAgent(): boolean {
    return this.objectionToAgent() === undefined;
  }

  objectionToTunnels(): string | undefined {
    const off = this.#layers.find(({ tunnelsOffAt }) => tunnelsOffAt !== undefined);
    return off && `forwards are switched off by ${off.tunnelsOffAt}`;
  }

  objectionToAgent(): string | undefined {
    const off = this.#layers.find(({ agentOffAt }) => agentOffAt !== undefined);
    return off && `agent forwarding is switched off by ${off.agentOffAt}`;
  }

  /**
   * Before `name` is resolved: why no address of it can be permitted. A name that passes has still to pass {@link objectionToOpen},
   * with each address that is dialled.
   */
  objectionToName(name: string, port: number): string | undefined {
    if (parseAddress(name) !== undefined) return this.objectionToOpen(name, name, port);
    const asked = plainName(name);
    if (asked === undefined) return `${name} is no name of a host`;
    const shown = formatEndpoint(name, port);
    return (
      this.objectionToTunnels() ??
      this.#first((layer) => {
        const denial = entryFor(layer.denyOpen, port, (pattern) => matchesName(pattern, asked));
        if (denial !== undefined) return `${shown} is denied by ${denial.source}`;
        // Any address may be the one that the name turns out to have.
        const mayPass = (pattern: HostPattern) =>
          pattern.ranges.length > 0 || matchesName(pattern, asked);
        return notAmong(layer.permitOpen, shown, `permit-open of ${layer.file}`, (entries) =>
          entryFor(entries, port, mayPass),
        );
      })
    );
  }

  /**
   * `undefined` when permitted, else the reason: `10.0.0.13:80 is denied by /etc/everterm/server.toml:4`. `name` is what was asked
   * for, `address` what it was resolved to, and what will be dialled.
   */
  objectionToOpen(name: string, address: string, port: number): string | undefined {
    const parsed = parseAddress(address);
    if (parsed === undefined) return `${address} is no address`;
    const target = { name: plainName(name), address: parsed, port };
    if (target.name === undefined && parseAddress(name) === undefined) {
      return `${name} is no name of a host`;
    }
    const plain = formatEndpoint(name, port);
    const shown = name === address ? plain : `${plain} (${address})`;
    return (
      this.objectionToTunnels() ??
      this.#builtInObjection(target, shown) ??
      this.#first((layer) => objectionOfLayer(layer, target, shown))
    );
  }

  /** To a unix socket, by its path after symbolic links: one in a permitted directory may lead anywhere. */
  objectionToOpenPath(path: string): string | undefined {
    return this.#objectionToPath(path, 'open', `connecting to ${path}`);
  }

  /**
   * `bind` is an address, `localhost` (both loopback addresses) or `*`. Port 0 is permitted where any port is; whoever binds to it asks
   * again with the port that it was given.
   */
  objectionToListen(bind: string, port: number): string | undefined {
    const ranges = rangesOfBind(bind);
    const shown = `listening on ${formatEndpoint(bind, port)}`;
    return (
      this.objectionToTunnels() ??
      this.#first((layer) => {
        const denial = layer.denyListen.find(({ pattern }) => deniesBind(pattern, ranges, port));
        if (denial !== undefined) return `${shown} is denied by ${denial.source}`;
        return notAmong(layer.permitListen, shown, `permit-listen of ${layer.file}`, (entries) =>
          ranges.every((range) => entries.some(({ pattern }) => permitsBind(pattern, range, port))),
        );
      })
    );
  }

  /** On a unix socket, by its path after symbolic links. */
  objectionToListenPath(path: string): string | undefined {
    return this.#objectionToPath(path, 'listen', `listening on ${path}`);
  }

  #first(objectionOf: (layer: PolicyRules) => string | undefined): string | undefined {
    for (const layer of this.#layers) {
      const objection = objectionOf(layer);
      if (objection !== undefined) return objection;
    }
    return undefined;
  }

  #builtInObjection({ address, port }: Target, shown: string): string | undefined {
    const isDenied = destinationsOf(address).some((each) =>
      BUILT_IN_DENIALS.some((denial) => contains(denial, each)),
    );
    if (!isDenied) return undefined;
    const isNamed = ({ ranges }: HostPattern) =>
      ranges.some((range) => range.bits === address.bits && contains(range, address));
    const lift = entryFor(this.#layers[0]?.permitOpen ?? [], port, isNamed);
    return lift === undefined
      ? `${shown} is denied unless permit-open names that address`
      : undefined;
  }

  #objectionToPath(path: string, use: 'open' | 'listen', shown: string): string | undefined {
    const plain = plainPath(path);
    if (plain === undefined) return `${path} is no absolute path without ..`;
    const isMeant = ({ pattern }: PolicyEntry) =>
      pattern.kind === 'path' && matchesPath(pattern, plain);
    return (
      this.objectionToTunnels() ??
      this.#first((layer) => {
        const [permits, denials] =
          use === 'open'
            ? [layer.permitOpen, layer.denyOpen]
            : [layer.permitListen, layer.denyListen];
        const denial = denials.find(isMeant);
        if (denial !== undefined) return `${shown} is denied by ${denial.source}`;
        return notAmong(permits, shown, `permit-${use} of ${layer.file}`, (entries) =>
          entries.some(isMeant),
        );
      })
    );
  }
}

function objectionOfLayer(layer: PolicyRules, target: Target, shown: string): string | undefined {
  const { name, address, port } = target;
  const isNamed = (pattern: HostPattern) => name !== undefined && matchesName(pattern, name);
  const destinations = destinationsOf(address);
  const denial = entryFor(
    layer.denyOpen,
    port,
    (pattern) => isNamed(pattern) || destinations.some((each) => isWithin(pattern, each)),
  );
  if (denial !== undefined) return `${shown} is denied by ${denial.source}`;
  return notAmong(layer.permitOpen, shown, `permit-open of ${layer.file}`, (entries) =>
    entryFor(entries, port, (pattern) => isNamed(pattern) || isWithin(pattern, address)),
  );
}

/** That `shown` is not in a list which is there. */
function notAmong(
  entries: readonly PolicyEntry[] | undefined,
  shown: string,
  list: string,
  find: (entries: readonly PolicyEntry[]) => unknown,
): string | undefined {
  const isPermitted = entries === undefined || Boolean(find(entries));
  return isPermitted ? undefined : `${shown} is not among ${list}`;
}

/** The first entry about hosts that is for `port` and `isMeant`. */
function entryFor(
  entries: readonly PolicyEntry[],
  port: number,
  isMeant: (pattern: HostPattern) => boolean,
): PolicyEntry | undefined {
  return entries.find(
    ({ pattern }) => pattern.kind === 'host' && holdsPort(pattern.ports, port) && isMeant(pattern),
  );
}

function isWithin({ ranges }: HostPattern, address: AddressRange): boolean {
  return ranges.some((range) => contains(range, address));
}

/** A listener on all addresses is denied by what denies one of them. */
function deniesBind(pattern: PolicyPattern, binds: readonly AddressRange[], port: number): boolean {
  if (pattern.kind !== 'host') return false;
  const isPort = port === 0 ? holdsAllPorts(pattern.ports) : holdsPort(pattern.ports, port);
  return isPort && binds.some((bind) => pattern.ranges.some((range) => overlaps(range, bind)));
}

function permitsBind(pattern: PolicyPattern, bind: AddressRange, port: number): boolean {
  if (pattern.kind !== 'host') return false;
  return (port === 0 || holdsPort(pattern.ports, port)) && isWithin(pattern, bind);
}

/** `path` without `//` and `/./`. With `..` it is refused: where that leads depends on links. */
function plainPath(path: string): string | undefined {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  const isPlain = path.startsWith('/') && names.length > 0 && !names.includes('..');
  return isPlain ? `/${names.join('/')}` : undefined;
}

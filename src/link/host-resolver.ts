import { lookup } from 'node:dns/promises';

export type AddressFamily = 4 | 6;

/** Asks the system for all addresses of one family; rejects with its error (`ENOTFOUND`). */
export type LookupAddresses = (host: string, family: AddressFamily) => Promise<readonly string[]>;

export const systemLookup: LookupAddresses = async (host, family) => {
  const found = await lookup(host, { family, all: true });
  return found.map(({ address }) => address);
};

/**
 * Names to addresses, asked anew for every dial.
 *
 * A question that is still open is shared: getaddrinfo cannot be cancelled, occupies one of the
 * process's four pool threads for up to half a minute on a dead network, and a client that dials
 * each second would soon leave none for its files.
 */
export class HostResolver {
  readonly #lookup: LookupAddresses;
  readonly #open = new Map<string, Promise<readonly string[]>>();
  readonly #answered = new Map<string, readonly string[]>();

  constructor(lookupAddresses: LookupAddresses = systemLookup) {
    this.#lookup = lookupAddresses;
  }

  resolve(host: string, family: AddressFamily): Promise<readonly string[]> {
    const key = `${family} ${host}`;
    const open = this.#open.get(key);
    if (open !== undefined) return open;
    const asked = this.#ask(key, host, family);
    this.#open.set(key, asked);
    return asked;
  }

  /** What the last answer said; a network whose DNS is dead may still lead there. */
  remembered(host: string, family: AddressFamily): readonly string[] {
    return this.#answered.get(`${family} ${host}`) ?? [];
  }

  async #ask(key: string, host: string, family: AddressFamily): Promise<readonly string[]> {
    try {
      const addresses = await this.#lookup(host, family);
      if (addresses.length > 0) this.#answered.set(key, addresses);
      return addresses;
    } finally {
      this.#open.delete(key);
    }
  }
}

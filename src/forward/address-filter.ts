import type { AddressFamily, HostResolver } from '../link/host-resolver.ts';
import { ipFamily } from '../link/ip-family.ts';
import { REASON } from '../wire/messages.ts';
import { ConnectFailure } from './connect-failure.ts';
import type { OpenPolicy } from './open-policy.ts';

/** Answers about names without the addresses that the policy objects to, so that nothing is dialled before it was asked. */
export class AddressFilter {
  readonly #resolver: HostResolver;
  readonly #objectionTo: (address: string) => string | undefined;
  #objection: string | undefined;
  #hasPermitted = false;

  constructor(resolver: HostResolver, objectionTo: (address: string) => string | undefined) {
    this.#resolver = resolver;
    this.#objectionTo = objectionTo;
  }

  /** The first one. */
  get objection(): string | undefined {
    return this.#objection;
  }

  get hasPermitted(): boolean {
    return this.#hasPermitted;
  }

  permits(address: string): boolean {
    const objection = this.#objectionTo(address);
    this.#objection ??= objection;
    if (objection === undefined) this.#hasPermitted = true;
    return objection === undefined;
  }

  async resolve(host: string, family: AddressFamily): Promise<readonly string[]> {
    const addresses = await this.#resolver.resolve(host, family);
    return addresses.filter((address) => this.permits(address));
  }

  remembered(host: string, family: AddressFamily): readonly string[] {
    return this.#resolver.remembered(host, family).filter((address) => this.permits(address));
  }
}

/** @throws {ConnectFailure} when the policy objects to `host`, whatever it resolves to. */
export function filterFor(
  policy: OpenPolicy,
  resolver: HostResolver,
  { host, port }: { readonly host: string; readonly port: number },
): AddressFilter {
  const named = policy.objectionToName(host, port);
  if (named !== undefined) throw new ConnectFailure(REASON.notPermitted, named);
  const filter = new AddressFilter(resolver, (address) =>
    policy.objectionToOpen(host, address, port),
  );
  if (ipFamily(host) !== 0) filter.permits(host);
  if (filter.objection !== undefined)
    throw new ConnectFailure(REASON.notPermitted, filter.objection);
  return filter;
}

import { EtError } from '../base/errors.ts';
import { formatListenPlace, type ListenPlace } from '../forward/endpoint.ts';
import type { Forward } from '../forward/forward.ts';
import type { ForwardSet } from '../forward/forward-set.ts';
import type { ForwardSpec } from '../forward/forward-spec.ts';
import { forwardsToAdd, forwardsToRemove, type NamedForwards } from './cli/forward-words.ts';
import { type ForwardReport, forwardReport } from './client-status.ts';

/** A forward that was added, and why it does not listen, once that is known. */
export interface AddedForward {
  readonly forward: Forward;
  /** Settles once it listens (`undefined`) or does not. Never rejects. */
  readonly failure: Promise<string | undefined>;
}

export interface LiveForwardsDeps {
  readonly set: Pick<ForwardSet, 'find' | 'status'>;
  /** ssh's GatewayPorts: a port without a bind is one of all addresses. */
  readonly gatewayPorts: boolean;
  readonly add: (spec: ForwardSpec) => AddedForward;
  readonly remove: (forward: Forward) => void;
}

/** Adds, removes and lists forwards as they are typed, while the client runs. */
export class LiveForwards {
  readonly #deps: LiveForwardsDeps;

  constructor(deps: LiveForwardsDeps) {
    this.#deps = deps;
  }

  /**
   * Adds all that a flag asks for, or nothing; resolves with where it listens, once it does.
   * Rejects with ET_ERR_USAGE, or ET_ERR_FORWARD.
   */
  async add(flag: string, value: string): Promise<readonly string[]> {
    const { add, remove, gatewayPorts } = this.#deps;
    const added: AddedForward[] = [];
    try {
      for (const spec of forwardsToAdd(flag, value, gatewayPorts)) added.push(add(spec));
      for (const { forward, failure } of added) {
        const text = await failure;
        if (text === undefined) continue;
        throw new EtError('ET_ERR_FORWARD', `${forward.spec.source}: ${text}`);
      }
    } catch (error) {
      for (const { forward } of added) remove(forward);
      throw error;
    }
    return added.map(({ forward }) => formatListenPlace(forward.place));
  }

  /** Waits for connections no more where the value says; returns where it did. @throws {EtError} ET_ERR_USAGE, ET_ERR_FORWARD */
  remove(flag: string, value: string): readonly string[] {
    const named = forwardsToRemove(flag, value, this.#deps.gatewayPorts);
    const found = this.#find(named);
    if (found.length === 0) {
      throw new EtError('ET_ERR_FORWARD', `there is no forward ${flag} ${value}; ls lists all`);
    }
    for (const forward of found) this.#deps.remove(forward);
    return found.map(({ place }) => formatListenPlace(place));
  }

  list(): readonly ForwardReport[] {
    return this.#deps.set.status().map(forwardReport);
  }

  #find({ kind, place, isPort, asAdded }: NamedForwards): readonly Forward[] {
    const { set } = this.#deps;
    const everywhere = isPort && place?.kind === 'tcp' ? { ...place, bind: '*' } : undefined;
    for (const each of [place, everywhere]) {
      const found = each === undefined ? undefined : set.find(kind, each);
      if (found !== undefined) return [found];
    }
    return asAdded.flatMap((each: ListenPlace) => set.find(kind, each) ?? []);
  }
}

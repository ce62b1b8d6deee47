import type { StartDial } from '../backed/redialer.ts';
import type { SecureLink } from '../backed/secure-link.ts';

/** The roads to a session server, best first, each a dial of its own; and which of them a link came over. */
export class RoadBook {
  readonly #starts: StartDial[] = [];
  readonly #roads = new WeakMap<SecureLink, number>();

  get count(): number {
    return this.#starts.length;
  }

  /** Enters a road behind the others; returns its dial, whose links are known from now on. */
  add(start: StartDial): StartDial {
    const road = this.#starts.length;
    const known: StartDial = (done, patience) =>
      start((result) => {
        if (result.kind === 'link') this.#roads.set(result.link, road);
        done(result);
      }, patience);
    this.#starts.push(known);
    return known;
  }

  startOf(road: number): StartDial | undefined {
    return this.#starts[road];
  }

  /** A link that nobody has entered, as the one of the bootstrap's channel, counts as of the last road. */
  roadOf(link: SecureLink): number {
    return this.#roads.get(link) ?? Math.max(0, this.#starts.length - 1);
  }
}

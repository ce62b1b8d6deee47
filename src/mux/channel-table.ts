import type { MuxChannel } from './mux-channel.ts';

export type Role = 'client' | 'server';

/**
 * The channels of a session by id, and which ids have been.
 *
 * Between any two calls: our ids ascend, each used once; the peer's ascend within each stream (between streams no order is
 * promised, so that an id may arrive after a higher one of another stream).
 */
export class ChannelTable {
  readonly #channels = new Map<number, MuxChannel>();
  readonly #peerParity: number;
  /** Per stream, the highest id that the peer has opened; -1 before the first. */
  readonly #highest: number[] = [];
  #nextId: number;

  constructor(role: Role) {
    this.#nextId = role === 'client' ? 0 : 1;
    this.#peerParity = 1 - this.#nextId;
  }

  get size(): number {
    return this.#channels.size;
  }

  get(id: number): MuxChannel | undefined {
    return this.#channels.get(id);
  }

  values(): Iterable<MuxChannel> {
    return this.#channels.values();
  }

  add(channel: MuxChannel): void {
    this.#channels.set(channel.id, channel);
  }

  delete(id: number): void {
    this.#channels.delete(id);
  }

  takeId(): number {
    const id = this.#nextId;
    this.#nextId += 2;
    return id;
  }

  /** Whether the peer may open `id` on `stream` now; if so, `id` has been from now on. */
  enterPeerId(id: number, stream: number): boolean {
    if (id % 2 !== this.#peerParity || id <= this.#highestOf(stream)) return false;
    if (this.#channels.has(id)) return false;
    this.#highest[stream] = id;
    return true;
  }

  /** Whether `id` was opened at any time, on `stream` if the peer opened it. */
  hasBeen(id: number, stream: number): boolean {
    return id % 2 === this.#peerParity ? id <= this.#highestOf(stream) : id < this.#nextId;
  }

  #highestOf(stream: number): number {
    return this.#highest[stream] ?? -1;
  }
}

import type { IncomingOpen } from '../mux/channel.ts';

/**
 * Channels that the server opens because a channel of ours has asked for them: standard error of a command, or what connects to a
 * forward there.
 */
export class ServerOpens {
  readonly #takers = new Map<string, (incoming: IncomingOpen) => void>();

  /** Expects the server to open one channel of `kind` that belongs to our channel `of`. */
  expect(kind: string, of: number, take: (incoming: IncomingOpen) => void): void {
    const done = this.serve(kind, of, (incoming) => {
      done();
      take(incoming);
    });
  }

  /** Takes every channel of `kind` that belongs to our channel `of`, until the returned function is called. */
  serve(kind: string, of: number, take: (incoming: IncomingOpen) => void): () => void {
    const key = `${kind} ${of}`;
    this.#takers.set(key, take);
    return () => {
      if (this.#takers.get(key) === take) this.#takers.delete(key);
    };
  }

  /** False when nobody expects it. */
  take(incoming: IncomingOpen): boolean {
    const { of } = incoming.metadata;
    if (typeof of !== 'number') return false;
    const take = this.#takers.get(`${incoming.kind} ${of}`);
    take?.(incoming);
    return take !== undefined;
  }
}

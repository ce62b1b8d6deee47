import type { IncomingOpen } from '../mux/channel.ts';

/** Channels that the server opens because a channel of ours has asked for them: standard error of a command. */
export class ServerOpens {
  readonly #waiting = new Map<string, (incoming: IncomingOpen) => void>();

  /** Expects the server to open a channel of `kind` that belongs to our channel `of`. */
  expect(kind: string, of: number, take: (incoming: IncomingOpen) => void): void {
    this.#waiting.set(`${kind} ${of}`, take);
  }

  /** False when nobody expects it. */
  take(incoming: IncomingOpen): boolean {
    const key = `${incoming.kind} ${String(incoming.metadata['of'])}`;
    const taker = this.#waiting.get(key);
    this.#waiting.delete(key);
    taker?.(incoming);
    return taker !== undefined;
  }
}

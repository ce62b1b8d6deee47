import { toHex } from '../base/bytes.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { RandomSource } from '../base/random.ts';
import { DIAL_BACK_MS } from '../wire/limits.ts';

const TOKEN_BYTES = 16;

/** Clients for whom a session server was asked to connect: who shows the token has the client, once and in time. */
export class DialBacks<Client> {
  readonly #clock: Clock;
  readonly #random: RandomSource;
  readonly #open = new Map<string, { readonly client: Client; readonly timer: Timer }>();

  constructor(clock: Clock, random: RandomSource) {
    this.#clock = clock;
    this.#random = random;
  }

  get count(): number {
    return this.#open.size;
  }

  /** A token for `client`; `onLate` comes when nobody has shown it in time. */
  ask(client: Client, onLate: () => void): string {
    const token = toHex(this.#random.bytes(TOKEN_BYTES));
    const timer = this.#clock.schedule(DIAL_BACK_MS, () => {
      this.#open.delete(token);
      onLate();
    });
    this.#open.set(token, { client, timer });
    return token;
  }

  /** The client of a token, which is no token any more. */
  take(token: string): Client | undefined {
    const found = this.#open.get(token);
    found?.timer.cancel();
    this.#open.delete(token);
    return found?.client;
  }
}

import { EtError } from '../base/errors.ts';
import { MAX_CREDIT_SUM_BYTES } from '../wire/limits.ts';

/**
 * What the peer has granted and we have not used, over the channels of one stream. Within a stream grants and endings
 * arrive in the order in which they were made, so that a peer which keeps the bound never seems to break it.
 */
export class PeerCreditSum {
  #unused = 0;

  get unusedBytes(): number {
    return this.#unused;
  }

  add(bytes: number): void {
    this.#unused += bytes;
    if (this.#unused <= MAX_CREDIT_SUM_BYTES) return;
    throw new EtError(
      'ET_ERR_CREDIT_SUM',
      `${this.#unused} bytes of credit granted and unused, above ${MAX_CREDIT_SUM_BYTES}`,
    );
  }

  subtract(bytes: number): void {
    this.#unused -= bytes;
  }
}

/**
 * What we may still send on one channel.
 *
 * Between any two calls: `sent <= max(limit, early)`, and `max(0, limit - sent)` is counted in the sum until `leaveSum`.
 */
export class SendCredit {
  readonly #sum: PeerCreditSum;
  /** What may be sent before anything was granted. */
  readonly #earlyBytes: number;
  #limit = 0;
  #sent = 0;
  #isInSum = true;

  constructor(sum: PeerCreditSum, earlyBytes: number) {
    this.#sum = sum;
    this.#earlyBytes = earlyBytes;
  }

  get availableBytes(): number {
    return Math.max(this.#limit, this.#earlyBytes) - this.#sent;
  }

  /** A limit never falls. Throws ET_ERR_CREDIT_SUM. */
  grantTo(limit: number): void {
    if (limit <= this.#limit) return;
    const before = this.#counted;
    this.#limit = limit;
    this.#sum.add(this.#counted - before);
  }

  use(bytes: number): void {
    const before = this.#counted;
    this.#sent += bytes;
    this.#sum.subtract(before - this.#counted);
  }

  /** Our EOF has been sent, or the channel is gone: what the peer had set aside for it, it uses for others. */
  leaveSum(): void {
    this.#sum.subtract(this.#counted);
    this.#isInSum = false;
  }

  get #counted(): number {
    return this.#isInSum ? Math.max(0, this.#limit - this.#sent) : 0;
  }
}

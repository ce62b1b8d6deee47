import type { Clock } from '../base/clock.ts';
import type { CreditPool } from './credit-pool.ts';
import type { OpenLimit } from './open-limit.ts';
import type { WindowPath } from './receive-window.ts';
import type { StreamScheduler } from './scheduler.ts';
import type { PeerCreditSum } from './send-credit.ts';

/** What a channel needs of its mux. */
export interface ChannelHost extends WindowPath {
  readonly clock: Clock;
  readonly pool: CreditPool;
  /** Something of `stream` may have become ready to send. */
  changed(stream: number): void;
  /** Calls `settle` once the running `take` is through. */
  later(channel: { settle(): void }): void;
  /** The channel is closed: its id is free of it. */
  left(id: number): void;
  /** A message came for a channel that is over. */
  countLate(): void;
  /** What is `held` waits for `releaseDatagrams`. */
  sendDatagram(id: number, bytes: Uint8Array, isHeld: boolean): boolean;
  releaseDatagrams(id: number): void;
}

/** What a channel is from its first moment on. */
export interface ChannelInit {
  readonly id: number;
  readonly kind: string;
  readonly stream: number;
  readonly isOurs: boolean;
  readonly host: ChannelHost;
  readonly scheduler: StreamScheduler;
  /** The unanswered OPENs of whoever opened this one. */
  readonly openLimit: OpenLimit;
  readonly creditSum: PeerCreditSum;
}

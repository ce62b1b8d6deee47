import type { Clock } from '../base/clock.ts';
import type { ForwardStatus } from '../forward/forward-set.ts';
import {
  type ClientStatus,
  type ControlSubject,
  clientStatus,
  type ForwardReport,
  rttOf,
} from './client-status.ts';
import type { ControlHandler } from './control-answers.ts';
import type { LiveForwards } from './live-forwards.ts';
import { StatusHistory } from './status-history.ts';

export interface ClientControlDeps {
  readonly clock: Clock;
  readonly pid: number;
  readonly live: LiveForwards;
  readonly statusOfForwards: () => readonly ForwardStatus[];
  /** Bytes of all forwards there were. */
  readonly totals: () => { readonly bytesIn: number; readonly bytesOut: number };
}

/** Does what is asked over the control socket. */
export class ClientControl implements ControlHandler {
  readonly #deps: ClientControlDeps;
  readonly #history: StatusHistory;
  /** The session of the moment. */
  subject: ControlSubject;

  constructor(deps: ClientControlDeps, subject: ControlSubject) {
    this.#deps = deps;
    this.subject = subject;
    this.#history = new StatusHistory(deps.clock, () => ({
      rttMs: rttOf(this.subject),
      ...deps.totals(),
    }));
  }

  status(): ClientStatus {
    // Whoever asks is there: what waits for them is tried.
    if (this.subject.needsLogin()) this.subject.tryLogin();
    const { pid, statusOfForwards } = this.#deps;
    return clientStatus(this.subject, pid, statusOfForwards(), this.#history.samples);
  }

  add(flag: string, value: string): Promise<readonly string[]> {
    return this.#deps.live.add(flag, value);
  }

  remove(flag: string, value: string): readonly string[] {
    return this.#deps.live.remove(flag, value);
  }

  list(): readonly ForwardReport[] {
    return this.#deps.live.list();
  }

  reconnect(): void {
    this.subject.client.onKey();
  }

  /** Once the answer has left. */
  stop(): void {
    this.#deps.clock.afterIo(() => this.subject.stop());
  }

  close(): void {
    this.#history.stop();
  }
}

import { AllFailed } from '../backed/all-failed.ts';
import type { EtError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { DialFailure } from '../link/dial-failure.ts';

/** So many refusals in a row ask for certainty. */
const REFUSALS = 3;
/** Each time that the host did not say gone, twice as many are needed, up to this: every question is a login on the host. */
const MAX_REFUSALS = 192;

/** What the host says of the session over ssh; `unknown` where ssh would have to ask a person, or cannot reach it. */
export type Aliveness =
  | { readonly kind: 'alive' | 'unknown' }
  /** `why`: what became of it, in the host's words. */
  | { readonly kind: 'gone'; readonly why: string | undefined };

export interface GoneCheckDeps {
  readonly logger: Logger;
  /** Asks over ssh in batch mode; absent where there is no ssh to ask over. */
  readonly ask: (() => Promise<Aliveness>) | undefined;
  /** The server refuses us, or nobody listens there: said at once, and ends nothing. */
  readonly onRefused: (error: EtError) => void;
  readonly onGone: (why: string | undefined) => void;
  /** The host says that it lives, and it refuses us. */
  readonly onAlive?: () => void;
  /** Still refused, and nobody can tell us why: said once, and ends nothing. */
  readonly onUncertain: () => void;
}

/**
 * Decides when a session is over though nobody said BYE. A refusal can come from a stranger, or from a port that
 * somebody else has now; only the host itself, asked over ssh, can say that the session is gone.
 */
export class GoneCheck {
  readonly #deps: GoneCheckDeps;
  #refusals = 0;
  #needed = REFUSALS;
  #isTold = false;
  #isUncertaintyTold = false;
  #isAsking = false;

  constructor(deps: GoneCheckDeps) {
    this.#deps = deps;
  }

  /** Still refused, and nobody could tell us why. */
  get isUncertain(): boolean {
    return this.#isUncertaintyTold;
  }

  /** Somebody is there who may have logged in meanwhile: asks again, if nobody could tell. */
  askNow(): void {
    if (this.#isUncertaintyTold) void this.#ask();
  }

  onDialFailed(error: EtError): void {
    if (!isRefusal(error)) return;
    this.#refusals += 1;
    if (!this.#isTold) this.#deps.onRefused(error);
    this.#isTold = true;
    if (this.#refusals >= this.#needed) void this.#ask();
  }

  onLink(): void {
    this.#refusals = 0;
    this.#needed = REFUSALS;
    this.#isTold = false;
    this.#isUncertaintyTold = false;
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#refusals = 0;
    this.#needed = Math.min(this.#needed * 2, MAX_REFUSALS);
    const aliveness: Aliveness = (await this.#deps.ask?.()) ?? { kind: 'unknown' };
    this.#isAsking = false;
    this.#deps.logger.log(1, `the host says of the session: ${aliveness.kind}`);
    if (aliveness.kind === 'gone') this.#deps.onGone(aliveness.why);
    if (aliveness.kind === 'alive') this.#deps.onAlive?.();
    if (aliveness.kind !== 'unknown' || this.#isUncertaintyTold) return;
    this.#isUncertaintyTold = true;
    this.#deps.onUncertain();
  }
}

/** Of several roads one that is refused is enough: the others may be blocked for ever. */
function isRefusal(error: unknown): boolean {
  if (error instanceof AllFailed) return error.failures.some(isRefusal);
  if (error instanceof DialFailure) return error.kind === 'refused';
  if (!(error instanceof Error)) return false;
  if ('code' in error && error.code === 'ET_ERR_LINK_REFUSED') return true;
  return isRefusal(error.cause);
}

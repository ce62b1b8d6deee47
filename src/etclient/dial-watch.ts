import type { Timer } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import type { ClientDeps } from './client-deps.ts';
import { FAILURE_STATUS, type WorkEnd } from './exit.ts';
import { type Aliveness, GoneCheck } from './gone-check.ts';
import type { RunningSession } from './run-session.ts';

/** What is kept of a session is tried for this long, in milliseconds: then only a login can lead to it. */
const TRIAL_MS = 10_000;

export interface DialWatchOptions {
  /** Asks the host whether the session is there. */
  readonly ask: () => Promise<Aliveness>;
  /** Nobody has said lately that the credentials are good. */
  readonly isKept: boolean;
  /** There is no terminal whose title would say that something is wrong. */
  readonly isStanding: boolean;
  readonly running: () => Pick<RunningSession, 'client' | 'stop' | 'abandon'>;
}

/**
 * Looks at dials that fail: says why there is no first link, ends a session that the host says is gone, and gives credentials up that
 * were kept and let nobody in.
 *
 *   trying --link--> linked        trying --refused and alive, 10 s--> replaced (final)        any --the host says so--> gone (final)
 */
export class DialWatch {
  readonly #deps: Pick<ClientDeps, 'logger' | 'io'>;
  readonly #options: DialWatchOptions;
  readonly #gone: GoneCheck;
  readonly #trial: Timer | undefined;
  #isTrying: boolean;
  #isTold = false;

  constructor(deps: Pick<ClientDeps, 'clock' | 'logger' | 'io'>, options: DialWatchOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#isTrying = options.isKept;
    if (options.isKept) this.#trial = deps.clock.schedule(TRIAL_MS, () => this.#giveUp());
    this.#gone = new GoneCheck({
      logger: deps.logger,
      ask: options.ask,
      onRefused: (error) => {
        deps.logger.log(1, `refused: ${error.message}`);
        this.#tell(error.message, true);
      },
      onGone: (why) => options.running().stop(goneEnd(why), true),
      onAlive: () => this.#giveUp(),
      onUncertain: () => this.#uncertain(),
    });
  }

  get isUncertain(): boolean {
    return this.#gone.isUncertain;
  }

  askNow(): void {
    this.#gone.askNow();
  }

  onLink(): void {
    this.stop();
    this.#gone.onLink();
  }

  onDialFailed(error: EtError): void {
    this.#deps.logger.log(1, `dial failed: ${error.message}`);
    this.#gone.onDialFailed(error);
    this.#tell(error.message);
  }

  /** One road has failed. Of kept credentials one that is refused by a server of ours says enough: the host is asked for others. */
  onRoadFailed(error: EtError): void {
    if (this.#isTrying && isOurRefusal(error)) this.#giveUp();
  }

  /** Nothing is tried any more. */
  stop(): void {
    this.#isTrying = false;
    this.#trial?.cancel();
  }

  #giveUp(): void {
    if (!this.#isTrying) return;
    this.stop();
    this.#options.running().abandon({ status: FAILURE_STATUS, isReplaced: true });
  }

  #uncertain(): void {
    if (this.#isTrying) {
      this.#giveUp();
      return;
    }
    const text = 'ssh would have to ask you whether the session still lives';
    this.#deps.logger.log(1, text);
    if (this.#options.isStanding || !this.#hasBeenUp) this.#say(text);
  }

  /** Before the first link: once, and whenever there is news. Later the terminal's title says it. What is only tried is not told. */
  #tell(text: string, isNews = false): void {
    if (this.#isTrying || this.#hasBeenUp || (this.#isTold && !isNews)) return;
    this.#isTold = true;
    this.#say(text);
  }

  #say(text: string): void {
    this.#deps.io.say(`et: ${text}; still trying`);
  }

  get #hasBeenUp(): boolean {
    return this.#options.running().client.hasBeenUp;
  }
}

/** A port that is closed may be a firewall's doing, while another road works. */
function isOurRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    (error instanceof EtError && error.code === 'ET_ERR_LINK_REFUSED') || isOurRefusal(error.cause)
  );
}

function goneEnd(why = 'its server has ended'): WorkEnd {
  const message = `the session is gone: ${why}`;
  return { isGone: true, status: FAILURE_STATUS, message, advice: 'start another with et' };
}

import { toHex, utf8 } from '../base/bytes.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';
import type { Carrier, Dial } from '../link/carrier.ts';
import { LineReader } from '../router/line-reader.ts';
import { MAX_SECRETS_PER_LINE } from '../wire/limits.ts';
import type { JsonObject } from '../wire/messages.ts';
import type { RouterDatagrams } from './router-datagrams.ts';

/** After the loss of its router a session server waits so long before each attempt, the last for ever, in milliseconds. */
const RETRY_MS: readonly number[] = [250, 500, 1000, 2000, 5000];
/** The first attempt comes within this, so that not all session servers of a machine come at once, in milliseconds. */
const FIRST_RETRY_MS = 200;
/** A router that says nothing for so long is no router, in milliseconds. */
const ANSWER_MS = 5000;

export interface RegistrationDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** To the router's registration socket. */
  readonly dial: Dial;
  /** Where the router may ask for a directory; it is not followed anywhere else. */
  readonly claimsDirectory: string;
  /** `fs.mkdirSync` with mode 0700, and `fs.rmdirSync`; both may throw. */
  readonly makeDirectory: (path: string) => void;
  readonly removeDirectory: (path: string) => void;
  /** A client has come by the router. */
  readonly onCarrier: (carrier: Carrier) => void;
  /** What comes for the datagrams, while the router has some. */
  readonly datagrams: Pick<RouterDatagrams, 'begin' | 'end' | 'setLinkId'>;
}

/** Someone who waits for the router's next answer. */
interface Question {
  readonly secrets: readonly Uint8Array[];
  readonly answered: (failure: EtError | undefined) => void;
}

/**
 * Keeps a session server registered at the router of its machine, and connects to it for each client.
 *
 *   made --start--> connecting --- all secrets are registered ---> registered --- lost ---> waiting --- due ---> connecting
 *                        \------------------- failed ---------------------------------->/      any --close--> closed (final)
 *
 * Between any two calls: the router knows `#secrets` while it is registered, but for those whose questions are open; while it is
 * registered there is no timer but that of an open question.
 */
export class RouterRegistration {
  readonly #deps: RegistrationDeps;
  readonly #secrets = new Set<Uint8Array>();
  #control: Carrier | undefined;
  #lines = new LineReader();
  #questions: Question[] = [];
  #answerTimer: Timer | undefined;
  #retry: Timer | undefined;
  #failures = 0;
  #claim: string | undefined;
  #port = 0;
  #hasDatagrams = false;
  #isRegistered = false;
  #isClosed = false;
  #abort = new AbortController();

  constructor(deps: RegistrationDeps) {
    this.#deps = deps;
  }

  /** The port of the router that was reached last. */
  get port(): number {
    return this.#port;
  }

  /** The same for datagrams; 0 where it takes none. */
  get udpPort(): number {
    return this.#hasDatagrams ? this.#port : 0;
  }

  get isRegistered(): boolean {
    return this.#isRegistered;
  }

  get secretCount(): number {
    return this.#secrets.size;
  }

  /** Registers `secret`; false, and closed, where that has not come about within `withinMs`. */
  start(secret: Uint8Array, withinMs: number): Promise<boolean> {
    this.#secrets.add(secret);
    return new Promise((resolve) => {
      const timer = this.#deps.clock.schedule(withinMs, () => finish(false));
      const finish = (isRegistered: boolean): void => {
        timer.cancel();
        this.#onFirst = undefined;
        if (!isRegistered) this.close();
        resolve(isRegistered);
      };
      this.#onFirst = finish;
      this.#connect();
    });
  }

  /** Registers more secrets. Rejects where the router is away or has no room, and they are then not kept. */
  add(secrets: readonly Uint8Array[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#isRegistered) {
        reject(new EtError('ET_ERR_STATE', 'the router is away'));
        return;
      }
      for (const secret of secrets) this.#secrets.add(secret);
      this.#ask(secrets, (failure) => {
        if (failure === undefined) return resolve();
        for (const secret of secrets) this.#secrets.delete(secret);
        reject(failure);
      });
    });
  }

  /** Takes secrets back: nobody comes by them any more. */
  remove(secrets: readonly Uint8Array[]): void {
    for (const secret of secrets) this.#secrets.delete(secret);
    if (this.#isRegistered) this.#say({ unregister: secrets.map(toHex) });
  }

  /** Datagrams with `linkId` come here from now on, or no longer, whichever router there is. */
  setLinkId(linkId: Uint8Array, isOurs: boolean): void {
    this.#deps.datagrams.setLinkId(linkId, isOurs);
  }

  close(): void {
    this.#isClosed = true;
    this.#isRegistered = false;
    this.#retry?.cancel();
    this.#answerTimer?.cancel();
    this.#abort.abort();
    this.#control?.reset();
    this.#control = undefined;
    this.#deps.datagrams.end();
    this.#unclaim();
    this.#failQuestions();
  }

  /** Told once whether the first attempt has succeeded. */
  #onFirst: ((isRegistered: boolean) => void) | undefined;

  #connect(): void {
    this.#abort = new AbortController();
    this.#deps.dial(this.#abort.signal).then(
      (carrier) => {
        if (this.#isClosed) carrier.reset();
        else this.#register(carrier);
      },
      () => this.#onLost(),
    );
  }

  #register(carrier: Carrier): void {
    this.#control = carrier;
    this.#lines = new LineReader();
    carrier.start({
      onBytes: (bytes) => this.#onBytes(bytes),
      onClose: () => this.#onLost(),
    });
    const all = [...this.#secrets];
    let failed: EtError | undefined;
    let openCount = Math.ceil(all.length / MAX_SECRETS_PER_LINE);
    const answered = (failure: EtError | undefined): void => {
      failed ??= failure;
      openCount -= 1;
      if (openCount === 0) this.#onRegistered(failed);
    };
    this.#askInLines(all, answered);
  }

  #onRegistered(failure: EtError | undefined): void {
    if (this.#control === undefined) return;
    if (failure !== undefined) {
      this.#control.reset();
      this.#onLost();
      return;
    }
    this.#isRegistered = true;
    this.#failures = 0;
    this.#onFirst?.(true);
  }

  #ask(secrets: readonly Uint8Array[], answered: Question['answered']): void {
    this.#questions.push({ secrets, answered });
    this.#say({ register: secrets.map(toHex) });
    this.#answerTimer ??= this.#deps.clock.schedule(ANSWER_MS, () => {
      this.#answerTimer = undefined;
      this.#control?.reset();
      this.#onLost();
    });
  }

  /** The first line makes the router ask for a proof; the others wait in it until that is done. */
  #askInLines(secrets: readonly Uint8Array[], answered: Question['answered']): void {
    const [line, others] = [
      secrets.slice(0, MAX_SECRETS_PER_LINE),
      secrets.slice(MAX_SECRETS_PER_LINE),
    ];
    this.#ask(line, (failure) => {
      if (others.length > 0 && this.#control !== undefined) this.#askInLines(others, answered);
      answered(failure);
    });
  }

  #onBytes(bytes: Uint8Array): void {
    let unread = bytes;
    while (this.#control !== undefined) {
      const read = this.#lines.read(unread);
      if (read === 'short') return;
      if (read === 'bad') {
        this.#control.reset();
        this.#onLost();
        return;
      }
      this.#onLine(read.object);
      unread = read.rest;
    }
  }

  #onLine({ claim, dial, registered, error, port, datagrams }: JsonObject): void {
    if (typeof claim === 'string') this.#prove(claim);
    else if (typeof dial === 'string') this.#comeFor(dial);
    else if (typeof registered === 'number') {
      this.#port = typeof port === 'number' ? port : this.#port;
      this.#hasDatagrams = typeof datagrams === 'string';
      if (typeof datagrams === 'string') this.#deps.datagrams.begin(datagrams);
      this.#answered(undefined);
    } else if (typeof error === 'string') {
      this.#answered(new EtError('ET_ERR_STATE', `the router: ${error}`));
    }
  }

  #answered(failure: EtError | undefined): void {
    this.#unclaim();
    const question = this.#questions.shift();
    if (this.#questions.length === 0) {
      this.#answerTimer?.cancel();
      this.#answerTimer = undefined;
    }
    question?.answered(failure);
  }

  /** Shows whose process this is: the router looks at the directory's owner. */
  #prove(path: string): void {
    try {
      if (!this.#isClaim(path)) throw new EtError('ET_ERR_STATE', 'the router asks for too much');
      this.#deps.makeDirectory(path);
      this.#claim = path;
      this.#say({ claimed: true });
    } catch {
      this.#control?.reset();
      this.#onLost();
    }
  }

  #isClaim(path: string): boolean {
    const directory = `${this.#deps.claimsDirectory}/`;
    return path.startsWith(directory) && /^[0-9a-f]{32}$/u.test(path.slice(directory.length));
  }

  #unclaim(): void {
    if (this.#claim === undefined) return;
    try {
      this.#deps.removeDirectory(this.#claim);
    } catch {
      // Somebody has tidied up before us.
    }
    this.#claim = undefined;
  }

  #comeFor(token: string): void {
    this.#deps.dial(new AbortController().signal).then(
      (carrier) => {
        if (this.#isClosed) {
          carrier.reset();
          return;
        }
        carrier.write([utf8(`${JSON.stringify({ take: token })}\n`)]);
        this.#deps.onCarrier(carrier);
      },
      // The client sees its connection end, and comes again.
      () => undefined,
    );
  }

  #say(line: JsonObject): void {
    this.#control?.write([utf8(`${JSON.stringify(line)}\n`)]);
  }

  #onLost(): void {
    if (this.#isClosed) return;
    this.#control = undefined;
    this.#deps.datagrams.end();
    this.#isRegistered = false;
    this.#answerTimer?.cancel();
    this.#answerTimer = undefined;
    this.#unclaim();
    this.#failQuestions();
    if (this.#onFirst !== undefined) {
      this.#onFirst(false);
      return;
    }
    const { clock, random } = this.#deps;
    const step = RETRY_MS[Math.min(this.#failures - 1, RETRY_MS.length - 1)];
    const waitMs =
      step === undefined
        ? FIRST_RETRY_MS * random.uniform()
        : step * (0.75 + 0.5 * random.uniform());
    this.#failures += 1;
    this.#retry?.cancel();
    this.#retry = clock.schedule(waitMs, () => this.#connect());
  }

  #failQuestions(): void {
    const open = this.#questions;
    this.#questions = [];
    for (const { answered } of open) answered(new EtError('ET_ERR_STATE', 'the router is away'));
  }
}

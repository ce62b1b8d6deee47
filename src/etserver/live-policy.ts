import { statSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { ForwardPolicy } from '../forward/open-policy.ts';
import type { Policy } from '../forward/policy.ts';

/** Files are looked at no oftener than this, in milliseconds: a change counts a second later, for what is asked from then on. */
const LOOK_APART_MS = 1000;

/** Reads the files anew. @throws {EtError} one line that cites file, line and column */
export type ReadFiles = (paths: readonly string[]) => Policy;

export interface LivePolicyDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly paths: readonly string[];
  /** Called once, at the first change: most hosts have no file, and what reads one is not loaded there. */
  readonly loadReader: () => Promise<ReadFiles>;
}

/**
 * A policy whose files may change while sessions run. What is connected stays; what is asked for is judged by the files of that moment.
 * A file that cannot be understood leaves what was read last, and so does one that is gone or empty, as editors leave it for a moment: to
 * lift a policy from sessions that run, write one that permits.
 */
export class LivePolicy implements ForwardPolicy {
  readonly #deps: LivePolicyDeps;
  #current: Policy;
  #signatures: readonly string[];
  #lookedMs: number;
  #reader: ReadFiles | undefined;
  #isLoading = false;

  /** `first` is what the files say now. */
  constructor(deps: LivePolicyDeps, first: Policy) {
    this.#deps = deps;
    this.#current = first;
    this.#signatures = deps.paths.map(signatureOf);
    this.#lookedMs = deps.clock.now();
  }

  objectionToTunnels(): string | undefined {
    return this.#now.objectionToTunnels();
  }

  objectionToAgent(): string | undefined {
    return this.#now.objectionToAgent();
  }

  objectionToName(name: string, port: number): string | undefined {
    return this.#now.objectionToName(name, port);
  }

  objectionToOpen(name: string, address: string, port: number): string | undefined {
    return this.#now.objectionToOpen(name, address, port);
  }

  objectionToOpenPath(path: string): string | undefined {
    return this.#now.objectionToOpenPath(path);
  }

  objectionToListen(bind: string, port: number): string | undefined {
    return this.#now.objectionToListen(bind, port);
  }

  objectionToListenPath(path: string): string | undefined {
    return this.#now.objectionToListenPath(path);
  }

  get #now(): Policy {
    const nowMs = this.#deps.clock.now();
    if (nowMs - this.#lookedMs >= LOOK_APART_MS && !this.#isLoading) {
      this.#lookedMs = nowMs;
      this.#look();
    }
    return this.#current;
  }

  #look(): void {
    const found = this.#deps.paths.map(signatureOf);
    // The first binds most; that another has gone must not keep it from being read.
    const isBindingGone = found[0] === '' && this.#signatures[0] !== '';
    const isNews = found.some((each, index) => each !== '' && each !== this.#signatures[index]);
    if (!isNews || isBindingGone) return;
    if (this.#reader !== undefined) {
      this.#read(this.#reader, found);
      return;
    }
    this.#isLoading = true;
    this.#deps.loadReader().then(
      (reader) => {
        this.#isLoading = false;
        this.#reader = reader;
        this.#read(reader, found);
      },
      (error: unknown) => {
        this.#isLoading = false;
        this.#deps.logger.log(0, `policy: ${messageOf(error)}`);
      },
    );
  }

  #read(reader: ReadFiles, found: readonly string[]): void {
    this.#signatures = found;
    try {
      this.#current = reader(this.#deps.paths);
    } catch (error) {
      this.#deps.logger.log(0, `policy: ${messageOf(error)}; what was read before goes on`);
    }
  }
}

/** Differs whenever the file does; empty where there is none, or nothing in it. */
function signatureOf(path: string): string {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path);
    return size === 0 ? '' : [dev, ino, size, mtimeMs, ctimeMs].join(' ');
  } catch {
    return '';
  }
}

import type { ClientForwards } from './client-forwards.ts';
import type { ControlSubject } from './client-status.ts';
import { FAILURE_STATUS } from './exit.ts';
import type { RunningSession } from './run-session.ts';

/** As SIGTERM would end us. */
const STOPPED_STATUS = 143;

/** The forwards of a session's client: those it was started with, or none until one is asked for in its terminal. */
export class ForwardAccess {
  readonly #make: () => Promise<ClientForwards>;
  #current: ClientForwards | undefined;
  #making: Promise<ClientForwards> | undefined;
  #begin: ((forwards: ClientForwards) => void) | undefined;
  #running: RunningSession | undefined;

  /** `make` is called once, where there are none and one is asked for. */
  constructor(current: ClientForwards | undefined, make: () => Promise<ClientForwards>) {
    this.#current = current;
    this.#make = make;
  }

  get current(): ClientForwards | undefined {
    return this.#current;
  }

  /** Whether one of them listens on this port of this machine. */
  listensOn(port: number): boolean {
    return this.#current?.set.listensOn(port) ?? false;
  }

  /** The session runs: forwards begin to listen, and the client can be asked about them. */
  begin(
    session: Pick<ControlSubject, 'id' | 'host' | 'needsLogin' | 'tryLogin'>,
    running: RunningSession,
  ): void {
    this.#running = running;
    this.#begin = (forwards) => {
      const { client, stop } = running;
      const stopAsked = (): void => running.leave(STOPPED_STATUS);
      forwards.serveControl({ ...session, client, stop: stopAsked });
      forwards.start((message) => stop({ status: FAILURE_STATUS, message }));
    };
    if (this.#current !== undefined) this.#begin(this.#current);
  }

  /** Those there are, or with the first of them what it takes to have any. */
  async need(): Promise<ClientForwards> {
    if (this.#current !== undefined) return this.#current;
    this.#making ??= this.#makeLate();
    return await this.#making;
  }

  /** The work of the session is asked for already, on a terminal: its stream is the first. */
  async #makeLate(): Promise<ClientForwards> {
    const made = await this.#make();
    this.#current = made;
    if (this.#running !== undefined) made.attach(this.#running.client, 0);
    this.#begin?.(made);
    return made;
  }
}

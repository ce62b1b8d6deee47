import type { Clock } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import type { SocketFactory } from '../link/socket-factory.ts';
import { unixDial } from '../link/unix-dial.ts';
import { type Answer, askSession } from './ask-session.ts';
import type { SessionStatus } from './control-questions.ts';
import type { SessionRegistry } from './registry.ts';

/** What `etserver ls`, `kill` and `alive` know of the user's sessions on this host. */
export class OwnSessions {
  readonly #clock: Clock;
  readonly #sockets: SocketFactory;
  readonly #registry: SessionRegistry;

  constructor(clock: Clock, sockets: SocketFactory, registry: SessionRegistry) {
    this.#clock = clock;
    this.#sockets = sockets;
    this.#registry = registry;
  }

  /** Those that answer, the youngest first. */
  async list(): Promise<SessionStatus[]> {
    const answers = await Promise.all(
      (await this.#registry.ids()).map((id) => this.#ask(id, 'status')),
    );
    const found: SessionStatus[] = [];
    for (const answer of answers)
      if (answer.kind === 'answer' && isStatus(answer.value)) found.push(answer.value);
    return found.sort((a, b) => a.ageSeconds - b.ageSeconds);
  }

  /** Only `gone` is a certainty: nobody listens where the server would. */
  async isGone(id: string): Promise<boolean> {
    return (await this.#ask(id, 'status')).kind === 'gone';
  }

  /** Ends the sessions whose ids begin as given; returns the ids. @throws {EtError} ET_ERR_STATE for one that names none, or several. */
  async kill(which: 'all' | readonly string[]): Promise<string[]> {
    const ids =
      which === 'all'
        ? await this.#registry.ids()
        : await Promise.all(which.map((prefix) => this.#only(prefix)));
    const killed: string[] = [];
    for (const id of ids) if ((await this.#ask(id, 'kill')).kind === 'answer') killed.push(id);
    return killed;
  }

  async #only(prefix: string): Promise<string> {
    const ids = await this.#registry.idsBeginning(prefix);
    const [id] = ids;
    if (id !== undefined && ids.length === 1) return id;
    const advice = 'etserver ls shows them';
    throw new EtError(
      'ET_ERR_STATE',
      id === undefined ? `no session ${prefix}` : `${prefix} names ${ids.length} sessions`,
      { advice },
    );
  }

  #ask(id: string, ask: 'status' | 'kill'): Promise<Answer> {
    return askSession(
      this.#clock,
      unixDial(this.#clock, this.#sockets, this.#registry.socketOf(id)),
      ask,
    );
  }
}

function isStatus(value: unknown): value is SessionStatus {
  return typeof value === 'object' && value !== null && 'session' in value && 'ageSeconds' in value;
}

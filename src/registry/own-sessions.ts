import type { Clock } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import type { SocketFactory } from '../link/socket-factory.ts';
import { unixDial } from '../link/unix-dial.ts';
import type { SessionStatus } from '../wire/session-status.ts';
import { type Answer, askSession, type Question } from './ask-session.ts';
import type { SessionRegistry } from './session-registry.ts';

/** What is known of the user's sessions on this host. */
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

  /** Ends the sessions of these names, or whose ids begin so; returns the ids. @throws {EtError} ET_ERR_STATE for one that names none, or several. */
  async kill(which: 'all' | readonly string[]): Promise<string[]> {
    const ids =
      which === 'all'
        ? await this.#registry.ids()
        : await Promise.all(which.map((text) => this.idOf(text)));
    const killed: string[] = [];
    for (const id of ids) if ((await this.#ask(id, 'kill')).kind === 'answer') killed.push(id);
    return killed;
  }

  /** Ends all but one. */
  async killOthers(spared: string | undefined): Promise<void> {
    const ids = await this.#registry.ids();
    await Promise.all(ids.filter((id) => id !== spared).map((id) => this.#ask(id, 'kill')));
  }

  /** Has the clients of a session leave. @throws {EtError} as `kill` does */
  async detach(text: string): Promise<string> {
    const id = await this.idOf(text);
    if ((await this.#ask(id, 'detach')).kind === 'answer') return id;
    throw new EtError('ET_ERR_STATE', `session ${text} does not answer`);
  }

  /** What a client needs that attaches to the session. `undefined`: it does not answer. */
  async attach(id: string): Promise<unknown> {
    const answer = await this.#ask(id, 'attach');
    return answer.kind === 'answer' ? answer.value : undefined;
  }

  async status(id: string): Promise<SessionStatus | undefined> {
    const answer = await this.#ask(id, 'status');
    return answer.kind === 'answer' && isStatus(answer.value) ? answer.value : undefined;
  }

  /** The session of this name, or else the one whose id begins so. @throws {EtError} ET_ERR_STATE */
  async idOf(text: string): Promise<string> {
    const ids = await this.find(text);
    const [id] = ids;
    if (id !== undefined && ids.length === 1) return id;
    const message =
      id === undefined ? `no session ${text}` : `${text} names ${ids.length} sessions`;
    throw new EtError('ET_ERR_STATE', message, { advice: 'etserver ls shows them' });
  }

  /** The ids of the session of this name, or else of those whose ids begin so. */
  async find(text: string): Promise<string[]> {
    const named = await this.#registry.idNamed(text);
    if (named !== undefined && !(await this.isGone(named))) return [named];
    return /^[0-9a-f]{4,32}$/iu.test(text) ? await this.#registry.idsBeginning(text) : [];
  }

  #ask(id: string, ask: Question): Promise<Answer> {
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

import { utf8 } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { SocketFactory } from '../link/socket-factory.ts';
import type { ClientStatus } from './client-status.ts';
import type { ControlQuestion } from './control-answers.ts';
import { controlDial } from './control-dial.ts';
import { type ControlSocketFile, controlSocketFiles } from './control-directory.ts';
import { ControlLines } from './control-lines.ts';

/** A client that is alive answers at once; one that is stopped (SIGSTOP) never does. */
const ANSWER_WITHIN_MS = 2000;
/** A forward may have to be asked of the far side, for which the client has a bound of its own. */
const FORWARD_WITHIN_MS = 15_000;
/** A thousand forwards with long names are less. */
const MAX_ANSWER_BYTES = 4_194_304;
const READ_BUFFER_BYTES = 65_536;

/** `gone`: nobody listens there. `silent`: somebody listens and says nothing that can be understood. */
export type ControlReply =
  | { readonly kind: 'ok'; readonly value: unknown }
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'gone' }
  | { readonly kind: 'silent' };

/** A client that has answered. */
export interface FoundClient {
  readonly path: string;
  readonly status: ClientStatus;
}

export interface FoundClients {
  readonly clients: readonly FoundClient[];
  /** Process ids of those that say nothing. */
  readonly silent: readonly number[];
}

export interface ControlClientDeps {
  readonly clock: Clock;
  readonly directories: readonly string[];
  readonly ownerId: number;
}

/** Asks the clients that the user runs on this machine. */
export class ControlClient {
  readonly #deps: ControlClientDeps;
  readonly #sockets: SocketFactory;

  constructor(deps: ControlClientDeps) {
    this.#deps = deps;
    this.#sockets = new SocketFactory(deps.clock, READ_BUFFER_BYTES);
  }

  /** All that run, by process id. What clients have left that were killed is removed. */
  async find(): Promise<FoundClients> {
    const { directories, ownerId } = this.#deps;
    const lists = await Promise.all(directories.map((each) => controlSocketFiles(each, ownerId)));
    const found = await Promise.all(lists.flat().map((file) => this.#statusOf(file)));
    const clients = found.flatMap(({ client }) => client ?? []);
    return {
      clients: clients.sort((a, b) => a.status.pid - b.status.pid),
      silent: found.flatMap(({ silentPid }) => silentPid ?? []),
    };
  }

  async ask(path: string, question: ControlQuestion): Promise<ControlReply> {
    const carrier = await controlDial(this.#deps.clock, this.#sockets, path);
    if (typeof carrier === 'string') return { kind: carrier };
    const withinMs = 'flag' in question ? FORWARD_WITHIN_MS : ANSWER_WITHIN_MS;
    return await new Promise((resolve) => {
      const lines = new ControlLines(MAX_ANSWER_BYTES);
      const finish = (reply: ControlReply): void => {
        timer.cancel();
        carrier.reset();
        resolve(reply);
      };
      const timer = this.#deps.clock.schedule(withinMs, () => finish({ kind: 'silent' }));
      carrier.start({
        onBytes: (bytes) => {
          const whole = lines.push(bytes);
          if (whole === undefined) finish({ kind: 'silent' });
          else if (whole[0] !== undefined) finish(parseReply(whole[0]));
        },
        onClose: () => finish({ kind: 'silent' }),
      });
      carrier.write([utf8(`${JSON.stringify(question)}\n`)]);
    });
  }

  async #statusOf({
    path,
    pid,
  }: ControlSocketFile): Promise<{ client?: FoundClient; silentPid?: number }> {
    const reply = await this.ask(path, { ask: 'status' });
    if (reply.kind === 'gone') return {};
    const isAnswer = reply.kind === 'ok' && isStatus(reply.value);
    return isAnswer ? { client: { path, status: reply.value } } : { silentPid: pid };
  }
}

function parseReply(line: string): ControlReply {
  try {
    const answer = JSON.parse(line) as { ok?: unknown; error?: unknown } | null;
    if (answer?.ok !== undefined) return { kind: 'ok', value: answer.ok };
    if (typeof answer?.error === 'string') return { kind: 'error', text: answer.error };
  } catch {
    // Whoever listens there is none of ours.
  }
  return { kind: 'silent' };
}

/** Enough to be told from another program's answer: what listens in our directory is another version of us at worst. */
function isStatus(value: unknown): value is ClientStatus {
  if (typeof value !== 'object' || value === null) return false;
  const { id, host, pid, link, forwards } = value as Record<string, unknown>;
  return (
    typeof id === 'string' &&
    typeof host === 'string' &&
    typeof pid === 'number' &&
    typeof link === 'object' &&
    link !== null &&
    Array.isArray(forwards)
  );
}

import type { Clock } from '../base/clock.ts';
import { EtError, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { SocketFactory } from '../link/socket-factory.ts';
import { keepYoungGenerationSmall } from '../process/young-generation.ts';
import { OwnSessions } from '../registry/own-sessions.ts';
import type { SessionRegistry } from '../registry/session-registry.ts';
import { type BootstrapFailure, formatFailure } from '../wire/bootstrap-reply.ts';
import { parseRequest } from '../wire/bootstrap-request.ts';
import { attachSession } from './attach-session.ts';
import { beginSession } from './begin-session.ts';
import { type ChooseSessionDeps, chooseSession, SessionRefusal } from './choose-session.ts';
import type { OwnRouteDeps } from './own-route.ts';
import type { SessionMemory } from './session-memory.ts';
import type { SessionRecords } from './session-records.ts';
import type { SessionServerDeps } from './session-server.ts';
import { sessionWish } from './session-wish.ts';
import type { Shell } from './shell.ts';
import { readLine, writeAll } from './stdio.ts';
import type { WorkStarter } from './work-starter.ts';

export interface ServeDeps extends OwnRouteDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: SessionRegistry;
  readonly version: string;
  readonly pid: number;
  readonly userName: string;
  /** The user's other sessions on this host that have no client. */
  readonly countDetached: () => Promise<number>;
  readonly makeForwards: SessionServerDeps['makeForwards'];
  /** What is remembered of a session, and what is written down of it. */
  readonly makeMemory: (session: {
    readonly id: string;
    readonly name: string;
    readonly historyBytes: number;
  }) => SessionMemory;
  readonly records: SessionRecords;
  /** Where a shell is; empty where nobody can tell. */
  readonly directoryOf: (shell: Shell) => string;
  /** Milliseconds since the epoch, for people. */
  readonly nowMs: () => number;
  readonly makeWork: (sessionId: string, isLocal: boolean) => WorkStarter;
  /** From now on no failure ends the process: somebody's work is in it. */
  readonly surviveFaults: () => void;
  /** Has `callback` called when the process is told to end (SIGTERM), in place of ending it. */
  readonly onTerminate: (callback: () => void) => void;
  /** Ends the process. */
  readonly exit: (status: number) => void;
}

/**
 * `etserver session`: reads the request, makes the secrets, listens, replies, and serves until the work is over.
 * The channel it was started over becomes the first road: a client that says hello on it has a link without another dial.
 */
export async function serveSession(deps: ServeDeps): Promise<void> {
  // Before there is much: V8 gives back nothing of a young generation that has grown, 4 MiB of a server whose screen model is fed.
  keepYoungGenerationSmall();
  try {
    const request = parseRequest(await readLine(0, deps.clock));
    const wish = sessionWish(request);
    const choice = choiceDeps(deps);
    const there = await chooseSession(choice, wish);
    if (wish.killOthers) await choice.own.killOthers(there);
    const chosen = there ?? (await beginSession(deps, request, wish, choice));
    if (chosen !== undefined) {
      await attachSession(
        { ...deps, own: choice.own, socketOf: (id) => deps.registry.socketOf(id) },
        chosen,
      );
    }
  } catch (error) {
    writeAll(1, formatFailure(failureOf(error)));
    deps.exit(1);
  }
}

function failureOf(error: unknown): BootstrapFailure {
  if (error instanceof SessionRefusal) return error;
  const { message, advice } =
    error instanceof EtError ? error : { message: messageOf(error), advice: '' };
  return { code: 'session-failed', message, advice: advice ?? '' };
}

function choiceDeps({
  clock,
  registry,
  records,
  nowMs,
}: ServeDeps): ChooseSessionDeps & { readonly own: OwnSessions } {
  const own = new OwnSessions(clock, new SocketFactory(clock, ANSWER_BUFFER_BYTES), registry);
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      clock.schedule(LOOK_AGAIN_MS, resolve);
    });
  return { own, registry, records, nowMs: nowMs(), pause };
}

const ANSWER_BUFFER_BYTES = 4096;
const LOOK_AGAIN_MS = 100;

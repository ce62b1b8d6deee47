import type { SshConfig } from '../bootstrap/ssh-config.ts';
import { type Server, type SshAccess, startServer } from './begin-session.ts';
import type { ConnectCommand } from './cli/client-command.ts';
import type { ClientDeps, WatchedSession } from './client-deps.ts';
import type { ClientForwards } from './client-forwards.ts';
import type { WorkEnd } from './exit.ts';
import { NextSession } from './next-session.ts';
import type { RunningSession } from './run-session.ts';
import { serveSession } from './serve-session.ts';

/**
 * `-N`: a session for forwards alone, and another in its place whenever its server is truly gone, as after a reboot. What listens here
 * goes on listening; connections that were open are reset, and those that come wait.
 */
export async function standingSession(
  deps: ClientDeps,
  command: ConnectCommand,
  ssh: SshAccess,
  first: Server,
  config: SshConfig | undefined,
  forwards: ClientForwards,
): Promise<WorkEnd> {
  const standing = new Standing(deps);
  for (let server = first; ; ) {
    const running = serveSession(standing.deps, command, ssh, server, config, forwards);
    const end = await running.ended;
    if (end.isGone !== true) return end;
    deps.io.say(`et: ${end.message}; another is started`);
    const next = await standing.next(running, forwards, () =>
      startServer(deps, command, ssh.runner, { batch: true }),
    );
    if (next === undefined) return standing.stopped;
    deps.logger.log(1, 'another session is there');
    server = next;
  }
}

/** What stays when one session follows another: the signals that end the process, and what it can be asked. */
class Standing {
  readonly deps: ClientDeps;
  /** How the process was told to end between two sessions. */
  stopped: WorkEnd = { status: 0 };
  #running: WatchedSession | undefined;
  #nudge: () => void = () => undefined;
  #next: NextSession<Server> | undefined;

  constructor(deps: ClientDeps) {
    this.deps = {
      ...deps,
      watchSignals: (running) => {
        this.#running = running;
        return () => undefined;
      },
      onNudge: (nudge) => {
        this.#nudge = nudge;
      },
    };
    deps.watchSignals({
      stop: (end) => this.#stop(end),
      leave: (status) => this.#stop({ status }),
      giveUp: (end) => this.#running?.giveUp(end),
    });
    deps.onNudge(() => (this.#next === undefined ? this.#nudge() : this.#next.nudge()));
  }

  /** The session in place of `ended`; `undefined` where the process is to end. */
  async next(
    ended: RunningSession,
    forwards: ClientForwards,
    start: () => Promise<Server>,
  ): Promise<Server | undefined> {
    const { io, logger, clock, random } = this.deps;
    const next = new NextSession({
      clock,
      random,
      start,
      onFailure: (text) => logger.log(1, `no other session yet: ${text}`),
      onLoginNeeded: (text) =>
        io.say(`et: ${text}; it is tried again on et status, or SIGUSR2 to pid ${this.deps.pid}`),
    });
    this.#next = next;
    const { session, mux, outageMs = 0, hasBeenUp, lastFailure } = ended.client;
    const sinceMs = clock.now() - outageMs;
    forwards.betweenSessions({
      client: {
        session,
        mux,
        hasBeenUp,
        lastFailure,
        roadOf: (link) => ended.client.roadOf(link),
        onKey: () => next.nudge(),
        get outageMs() {
          return clock.now() - sinceMs;
        },
      },
      needsLogin: () => next.needsLogin,
      tryLogin: () => next.nudge(),
      stop: () => this.#stop({ status: 0 }),
    });
    const server = await next.server;
    this.#next = undefined;
    return server;
  }

  #stop(end: WorkEnd): void {
    if (this.#next === undefined) {
      this.#running?.stop(end);
      return;
    }
    this.stopped = end;
    this.#next.stop();
  }
}

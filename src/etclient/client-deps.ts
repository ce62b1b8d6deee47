import type { CredentialStore } from '../bootstrap/credential-store.ts';
import type { Prompter } from '../bootstrap/prompter.ts';
import type { LeavingFlags } from './cli/leaving-flags.ts';
import type { ClientIo } from './client-io.ts';
import type { RunDeps, RunningSession } from './run-session.ts';

/** What signals do. */
export type WatchedSession = Pick<RunningSession, 'stop' | 'leave' | 'giveUp'>;

/** What the client's parts need of the process; only main.ts makes it. */
export interface ClientDeps extends RunDeps {
  readonly io: ClientIo;
  /** Sessions that were left behind. */
  readonly store: CredentialStore;
  readonly prompter: Prompter;
  readonly pid: number;
  /** Who may ask this process: only they themselves. */
  readonly userId: number;
  readonly home: string;
  /** Where relative paths begin. */
  readonly directory: string;
  /** Who works here, as others on a host are told: `anna@laptop`. */
  readonly by: string;
  readonly isRunning: (pid: number) => boolean;
  readonly nowMs: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly flags: Pick<LeavingFlags, 'backlog'> & {
    readonly noStdin: boolean;
    readonly escape: string | null | undefined;
    readonly quiet: boolean;
  };
  readonly stopSelf: () => void;
  /** Has `callback` called before the process ends, by whatever but SIGKILL. */
  readonly onExit: (callback: () => void) => void;
  /** ^C before there is a session; the returned function takes it back. */
  readonly onInterrupt: (callback: () => void) => () => void;
  /** From now on SIGHUP and SIGTERM leave the session, or end what cannot be left; the returned function takes it back. */
  readonly watchSignals: (running: WatchedSession) => () => void;
  /** SIGUSR2: somebody wants what waits to be tried now. */
  readonly onNudge: (callback: () => void) => void;
}

import { EtError } from '../base/errors.ts';
import type { CredentialStore } from '../bootstrap/credential-store.ts';
import type { SshRunner } from '../bootstrap/ssh-runner.ts';
import type { ConnectCommand } from './cli/client-command.ts';
import type { ListedSession } from './listed-session.ts';
import type { ProgramEnd } from './run-program.ts';

/** What a command needs that is about sessions which run, here or elsewhere. */
export interface SessionsDeps {
  readonly store: CredentialStore;
  readonly isRunning: (pid: number) => boolean;
  readonly nowMs: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Somebody is there who sees what a command chooses. */
  readonly isTerminal: boolean;
  readonly runnerFor: (command: ConnectCommand) => Promise<SshRunner>;
  /** The sessions whose server is this machine. */
  readonly here: () => Promise<readonly ListedSession[]>;
  /** Runs the `etserver` of this machine, about the sessions that are here. */
  readonly etserver: (args: readonly string[]) => Promise<ProgramEnd | undefined>;
  /** To standard output; settles once it is there. */
  readonly write: (text: string) => Promise<void>;
}

/** Why an `etserver` of this machine has not done what it was asked. */
export function failureHere(end: ProgramEnd | undefined): EtError {
  const [said = ''] = end?.stderr.trim().split('\n') ?? [];
  const why = said.replace(/^etserver: /u, '');
  return new EtError('ET_ERR_STATE', why === '' ? 'etserver cannot be run here' : why);
}

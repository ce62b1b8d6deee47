import { toHex } from '../base/bytes.ts';
import { captureRemote } from '../bootstrap/capture-remote.ts';
import type { CredentialStore } from '../bootstrap/credential-store.ts';
import type { Prompter } from '../bootstrap/prompter.ts';
import { remoteCommand } from '../bootstrap/remote-command.ts';
import type { SessionCredentials } from '../bootstrap/session-credentials.ts';
import type { SshRunner } from '../bootstrap/ssh-runner.ts';

export interface LeftBehindDeps {
  readonly store: CredentialStore;
  readonly prompter: Prompter;
  readonly isRunning: (pid: number) => boolean;
  readonly nowMs: number;
}

/** Sessions on a destination whose client is gone, the latest first. */
export function leftBehind(deps: LeftBehindDeps, destination: string): SessionCredentials[] {
  return deps.store
    .list(destination)
    .filter(({ clientPid = 0 }) => clientPid === 0 || !deps.isRunning(clientPid));
}

/**
 * Offers to resume or kill a session that was left behind. Returns the one to resume; `undefined`: begin another.
 * Without a terminal to ask on, nothing is resumed and nothing killed.
 */
export async function offerToResume(
  deps: LeftBehindDeps,
  runner: SshRunner,
  found: readonly SessionCredentials[],
  serverPath: string | undefined,
): Promise<SessionCredentials | undefined> {
  for (const one of found) {
    const age = ageOf(deps.nowMs - one.createdMs);
    const question = `et: a session on ${one.destination}, begun ${age} ago, was left behind. [r]esume, [n]ew, [k]ill it? `;
    const answer = (await deps.prompter.ask(question, { echo: true }))?.trim().toLowerCase();
    if (answer === undefined) return undefined;
    if (answer === '' || answer.startsWith('r')) return one;
    if (!answer.startsWith('k')) continue;
    const command = remoteCommand({
      subcommand: ['kill', toHex(one.session)],
      serverPath,
      background: false,
    });
    const { exit } = await captureRemote(runner, command, { batch: false });
    if (exit.status === 0) deps.store.remove(one.session);
    else deps.prompter.say('et: it could not be killed: it may have ended already');
  }
  return undefined;
}

function ageOf(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} days`;
}

import { toHex } from '../base/bytes.ts';
import { captureRemote } from '../bootstrap/capture-remote.ts';
import type { CredentialStore } from '../bootstrap/credential-store.ts';
import type { Prompter } from '../bootstrap/prompter.ts';
import { remoteCommand } from '../bootstrap/remote-command.ts';
import type { SessionCredentials } from '../bootstrap/session-credentials.ts';
import type { SshRunner } from '../bootstrap/ssh-runner.ts';
import { formatAge } from './format-age.ts';
import { callOf } from './way-back.ts';

export interface LeftBehindDeps {
  readonly store: CredentialStore;
  readonly prompter: Prompter;
  readonly isRunning: (pid: number) => boolean;
  readonly nowMs: number;
}

type Knowing = Pick<LeftBehindDeps, 'store' | 'isRunning'>;

/** Sessions on a destination whose client is gone though nobody has meant it to leave, the latest first. */
export function leftBehind(deps: Knowing, destination: string): SessionCredentials[] {
  return withoutClient(deps, destination).filter(({ left }) => left === undefined);
}

/**
 * How to come back to what was left on purpose, in one line; `undefined` where nothing was. `known`: how many sessions without a client
 * the host has, as far as it has said so in time.
 */
export function detachedLine(
  deps: Knowing,
  destination: string,
  known: number,
): string | undefined {
  const here = withoutClient(deps, destination).filter(({ left }) => left === 'detached');
  const count = Math.max(known, here.length);
  if (count === 0) return undefined;
  const calls = here.map(({ name, session }) => callOf({ name, id: toHex(session) }));
  const ways = [
    ...calls.slice(0, MAX_NAMED).map((call) => `et attach ${call}`),
    ...(count > Math.min(calls.length, MAX_NAMED) ? [`et ls ${destination}`] : []),
  ];
  return `${count} detached session${count === 1 ? '' : 's'} on this host: ${ways.join(', ')}`;
}

/** More would not be read. */
const MAX_NAMED = 3;

function withoutClient({ store, isRunning }: Knowing, destination: string): SessionCredentials[] {
  return store
    .list(destination)
    .filter(({ clientPid = 0 }) => clientPid === 0 || !isRunning(clientPid));
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
    const age = formatAge((deps.nowMs - one.createdMs) / 1000);
    const what = one.name === undefined ? 'a session' : `the session ${one.name}`;
    const question = `et: ${what} on ${one.destination}, begun ${age} ago, was left behind. [r]esume, [n]ew, [k]ill it? `;
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

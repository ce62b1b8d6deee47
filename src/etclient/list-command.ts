import { EtError } from '../base/errors.ts';
import { captureRemote } from '../bootstrap/capture-remote.ts';
import { remoteCommand } from '../bootstrap/remote-command.ts';
import type { ListCommand } from './cli/sessions-command.ts';
import type { WorkEnd } from './exit.ts';
import { formatKnown, formatListing, type KnownSession, knownFrom } from './format-session-list.ts';
import { type ListedSession, parseListing } from './listed-session.ts';
import type { SessionsDeps } from './sessions-deps.ts';
import { wayTo } from './way-back.ts';

type ListDeps = Pick<
  SessionsDeps,
  'store' | 'isRunning' | 'nowMs' | 'runnerFor' | 'here' | 'write'
>;

/** `et ls`. Rejects with ET_ERR_BOOTSTRAP where a host does not say what it has. */
export async function listCommand(command: ListCommand, deps: ListDeps): Promise<WorkEnd> {
  const [host] = command.operands;
  return host === undefined ? await listKnown(command, deps) : await listHost(command, deps, host);
}

async function listHost(command: ListCommand, deps: ListDeps, host: string): Promise<WorkEnd> {
  const sessions = await sessionsOn(command, deps, host);
  if (command.json) await deps.write(`${JSON.stringify({ sessions })}\n`);
  else if (sessions.length > 0) await deps.write(formatListing(sessions));
  if (command.json || sessions.length > 0) return { status: 0 };
  return { status: 0, message: `no session of yours runs on ${host}` };
}

async function sessionsOn(
  { connect }: ListCommand,
  { runnerFor, store }: ListDeps,
  host: string,
): Promise<readonly ListedSession[]> {
  // As a session there is reached, where one is known.
  const known = store.list().find(({ destination }) => destination.split(' ')[0] === host);
  const connection = connect(known === undefined ? { host, flags: [] } : wayTo(known));
  const { serverPath } = connection;
  const words = { subcommand: ['ls', '--json'], serverPath, background: false };
  const runner = await runnerFor(connection);
  const { exit, stdout } = await captureRemote(runner, remoteCommand(words), { batch: false });
  if (exit.failure !== undefined) throw exit.failure;
  const sessions = parseListing(stdout);
  if (sessions !== undefined) return sessions;
  const ended = exit.status === undefined ? '' : ` (status ${exit.status})`;
  throw new EtError('ET_ERR_BOOTSTRAP', `${host} has not said which sessions it has${ended}`, {
    advice: 'try etserver ls on the host',
  });
}

async function listKnown(command: ListCommand, deps: ListDeps): Promise<WorkEnd> {
  const { store, nowMs, isRunning, write } = deps;
  const here = await deps.here();
  const known = store.list().map((each) => knownFrom(each, nowMs, isRunning));
  // What this machine says of its own is more than what is known of it.
  const others = known.filter(({ session }) => !here.some((one) => one.session === session));
  if (command.json) {
    await write(`${JSON.stringify({ known, here })}\n`);
    return { status: 0 };
  }
  if (known.length + here.length === 0) {
    return { status: 0, message: 'no session is known here; et ls HOST asks a host' };
  }
  await write([...tableOf(others), ...(here.length > 0 ? [formatListing(here)] : [])].join('\n'));
  return { status: 0 };
}

function tableOf(others: readonly KnownSession[]): string[] {
  return others.length > 0 ? [formatKnown(others)] : [];
}

import { toHex } from '../base/bytes.ts';
import { captureRemote } from '../bootstrap/capture-remote.ts';
import { remoteCommand } from '../bootstrap/remote-command.ts';
import type { SessionCredentials } from '../bootstrap/session-credentials.ts';
import type { SshRunner } from '../bootstrap/ssh-runner.ts';
import type { ConnectCommand } from './cli/client-command.ts';
import type { EndCommand } from './cli/sessions-command.ts';
import { FAILURE_STATUS, USAGE_STATUS, type WorkEnd } from './exit.ts';
import { calledSo, findOnHost, listedAs } from './find-session.ts';
import { formatKnown, knownFrom } from './format-session-list.ts';
import { failureHere, type SessionsDeps } from './sessions-deps.ts';
import { parseAliveness } from './ssh-road.ts';
import { callOf, wayTo } from './way-back.ts';

type EndDeps = Omit<SessionsDeps, 'isTerminal'>;

/** A session to end, or to have its client leave. */
type Target =
  | { readonly kind: 'here'; readonly session: string; readonly call: string }
  | { readonly kind: 'kept'; readonly credentials: SessionCredentials }
  /** On a host, of which only it knows. */
  | { readonly kind: 'there'; readonly host: string; readonly call: string };

/** `et kill` and `et detach`. Rejects with an EtError where a host cannot be asked. */
export async function endCommand(command: EndCommand, deps: EndDeps): Promise<WorkEnd> {
  if (command.operands.length === 0) return await detachThis(deps);
  const targets = await targetsOf(command, deps);
  if ('status' in targets) return targets;
  let end: WorkEnd = { status: 0 };
  for (const target of targets) {
    const failure = await endOne(command, deps, target);
    if (failure !== undefined) end = { status: FAILURE_STATUS, message: failure };
  }
  return end;
}

/** The client of the session that this shell is in. */
async function detachThis({ etserver, environment }: EndDeps): Promise<WorkEnd> {
  const session = environment['EVERTERM_SESSION'] ?? '';
  if (session === '') {
    const message = 'et detach alone is for a shell in a session of et, and this is none';
    return {
      status: USAGE_STATUS,
      message,
      advice: 'say which: et detach NAME, as et ls shows it',
    };
  }
  const end = await etserver(['detach', session]);
  if (end?.status !== 0) throw failureHere(end);
  return { status: 0 };
}

/**
 * Where the first word is no session that is known, it is a host, and the others are sessions there.
 */
async function targetsOf(
  { kind, operands }: EndCommand,
  deps: EndDeps,
): Promise<readonly Target[] | WorkEnd> {
  const [first = '', ...others] = operands;
  const kept = deps.store.list();
  const here = await deps.here();
  const find = (text: string): Target[] => {
    const listed = listedAs(here, text);
    if (listed.length > 0) {
      return listed.map(({ session, name }) => {
        return { kind: 'here', session, call: callOf({ name: name || undefined, id: session }) };
      });
    }
    return calledSo(kept, text).map((credentials) => ({ kind: 'kept', credentials }));
  };
  if (find(first).length > 0) return eachOne(operands, find, deps);
  if (others.length === 0) {
    const message = `no session ${first} is known here`;
    const advice = `et ls shows those that are; one of a host is et ${kind} HOST ${first}`;
    return { status: FAILURE_STATUS, message, advice };
  }
  return eachOne(
    others,
    (text) => {
      const found = findOnHost(kept, first, text);
      if (found.length === 0) return [{ kind: 'there', host: first, call: text }];
      return found.map((credentials) => ({ kind: 'kept', credentials }));
    },
    deps,
  );
}

async function eachOne(
  texts: readonly string[],
  find: (text: string) => readonly Target[],
  { store, nowMs, isRunning, write }: EndDeps,
): Promise<readonly Target[] | WorkEnd> {
  const targets: Target[] = [];
  for (const text of texts) {
    const found = find(text);
    const [one] = found;
    if (one === undefined) {
      return { status: FAILURE_STATUS, message: `no session ${text} is known here` };
    }
    if (found.length > 1) {
      const known = calledSo(store.list(), text).map((each) => knownFrom(each, nowMs, isRunning));
      if (known.length > 0) await write(formatKnown(known));
      return {
        status: USAGE_STATUS,
        message: `${text} names ${found.length} sessions; use the id`,
      };
    }
    targets.push(one);
  }
  return targets;
}

/** Why it could not be done; `undefined`: it is. */
async function endOne(
  command: EndCommand,
  deps: EndDeps,
  target: Target,
): Promise<string | undefined> {
  if (target.kind === 'here') return await endHere(command, deps, target);
  const { connect, kind } = command;
  const { store } = deps;
  const kept = target.kind === 'kept' ? target.credentials : undefined;
  const way = target.kind === 'kept' ? wayTo(target.credentials) : { host: target.host, flags: [] };
  const id = kept === undefined ? undefined : toHex(kept.session);
  const call =
    target.kind === 'there' ? target.call : callOf({ ...target.credentials, id: id ?? '' });
  const connection = connect(way);
  const runner = await deps.runnerFor(connection);
  const status = await ask(runner, connection, [kind, id ?? call]);
  if (status.isDone) {
    if (kind === 'kill' && kept !== undefined) store.remove(kept.session);
    await deps.write(`${DONE[kind]} ${call}\n`);
    return undefined;
  }
  if (kept === undefined || id === undefined) return `${call} on ${way.host}: ${NOT_DONE[kind]}`;
  const aliveness = parseAliveness((await ask(runner, connection, ['alive', id])).stdout);
  if (aliveness.kind !== 'gone') return `${call} on ${way.host}: ${NOT_DONE[kind]}`;
  store.remove(kept.session);
  return `${call} is gone already: ${aliveness.why ?? 'its server has ended'}`;
}

async function endHere(
  { kind }: EndCommand,
  { etserver, write, store }: EndDeps,
  { session, call }: Target & { kind: 'here' },
): Promise<string | undefined> {
  const end = await etserver([kind, session]);
  if (end?.status !== 0) return failureHere(end).message;
  if (kind === 'kill') {
    for (const kept of calledSo(store.list(), session)) store.remove(kept.session);
  }
  await write(`${DONE[kind]} ${call}\n`);
  return undefined;
}

const DONE = { kill: 'killed', detach: 'detached' } as const;
const NOT_DONE = {
  kill: 'it could not be killed',
  detach: 'its client could not be told',
} as const;

async function ask(
  runner: SshRunner,
  { serverPath }: ConnectCommand,
  subcommand: readonly string[],
): Promise<{ readonly isDone: boolean; readonly stdout: string }> {
  const words = { subcommand, serverPath, background: false };
  const { exit, stdout } = await captureRemote(runner, remoteCommand(words), { batch: false });
  if (exit.failure !== undefined) throw exit.failure;
  return { isDone: exit.status === 0, stdout };
}

import { EtError, messageOf } from '../base/errors.ts';
import type { SessionCredentials } from '../bootstrap/session-credentials.ts';
import { type AttachWish, type Server, serverOf, startServer } from './begin-session.ts';
import type { ConnectCommand } from './cli/client-command.ts';
import type { AttachCommand, HistoryCommand } from './cli/sessions-command.ts';
import type { ClientDeps } from './client-deps.ts';
import { FAILURE_STATUS, USAGE_STATUS, type WorkEnd } from './exit.ts';
import { findKept, findOnHost, latestLeft, listedAs } from './find-session.ts';
import { formatKnown, formatListing, knownFrom } from './format-session-list.ts';
import type { ListedSession } from './listed-session.ts';
import type { SessionsDeps } from './sessions-deps.ts';
import { wayTo } from './way-back.ts';

/** Which session is meant, and how it is come to. */
export type SessionChoice =
  /** On a host: by what is kept of it, or by a login that attaches. */
  | {
      readonly kind: 'connect';
      readonly command: ConnectCommand;
      readonly kept: SessionCredentials | undefined;
      readonly wish: AttachWish;
    }
  /** On this machine. */
  | { readonly kind: 'local'; readonly session: string }
  /** None, or several. */
  | { readonly kind: 'end'; readonly end: WorkEnd };

type Asking = Pick<SessionsDeps, 'store' | 'isRunning' | 'nowMs' | 'isTerminal' | 'here' | 'write'>;

/** Finds the session that `et attach` or `et history` is about. @throws {EtError} ET_ERR_USAGE where an operand is no host */
export async function chooseSession(
  command: AttachCommand | HistoryCommand,
  deps: Asking,
): Promise<SessionChoice> {
  const { connect } = command;
  const [first, second] = command.operands;
  const kept = deps.store.list();
  if (first === undefined) return await chooseUnnamed(command, deps, kept);
  const found = second === undefined ? findKept(kept, first) : findOnHost(kept, first, second);
  const [one] = found;
  if (one !== undefined) {
    return found.length === 1 ? keptChoice(command, one) : await severalKept(command, deps, found);
  }
  if (second === undefined) {
    const here = listedAs(await deps.here(), first);
    const [local] = here;
    if (local !== undefined && here.length === 1) return { kind: 'local', session: local.session };
    if (here.length > 1) return await severalHere(command, deps, here);
  }
  const way = { host: first, flags: [] };
  return { kind: 'connect', command: connect(way), kept: undefined, wish: { session: second } };
}

/** The server of a choice: what is kept says it without a login. */
export async function serverFor(
  choice: SessionChoice & { readonly kind: 'connect' },
  deps: ClientDeps,
  ...[command, runner]: [ConnectCommand, Parameters<typeof startServer>[2]]
): Promise<Server> {
  const { kept, wish } = choice;
  if (kept !== undefined) return serverOf(kept);
  try {
    return await startServer(deps, command, runner, { attach: wish });
  } catch (error) {
    if (!(error instanceof EtError) || error.code !== 'ET_ERR_BOOTSTRAP') throw error;
    if (wish.session !== undefined) throw error;
    const { host } = command.destination;
    throw new EtError(error.code, messageOf(error), {
      cause: error,
      advice: `no session ${host} is known here, so it was taken for a host; et ls shows what is known`,
    });
  }
}

async function chooseUnnamed(
  command: AttachCommand | HistoryCommand,
  deps: Asking,
  kept: readonly SessionCredentials[],
): Promise<SessionChoice> {
  const latest = latestLeft(kept, deps.isRunning);
  if (kept.length === 1 && kept[0] !== undefined) return keptChoice(command, kept[0]);
  if (latest !== undefined && deps.isTerminal) return keptChoice(command, latest);
  if (kept.length > 0) return await severalKept(command, deps, kept);
  const here = (await deps.here()).filter(({ hasShell }) => hasShell);
  const [local] = here;
  if (local !== undefined && here.length === 1) return { kind: 'local', session: local.session };
  if (here.length > 1) return await severalHere(command, deps, here);
  const message = 'no session is known here';
  const advice = `et ls HOST shows those of a host, and et ${command.kind} HOST takes one there`;
  return { kind: 'end', end: { status: FAILURE_STATUS, message, advice } };
}

function keptChoice(
  { connect }: AttachCommand | HistoryCommand,
  kept: SessionCredentials,
): SessionChoice {
  const command = connect(wayTo(kept));
  return { kind: 'connect', command, kept, wish: { session: undefined } };
}

async function severalKept(
  { kind }: AttachCommand | HistoryCommand,
  { nowMs, isRunning, write }: Asking,
  kept: readonly SessionCredentials[],
): Promise<SessionChoice> {
  await write(formatKnown(kept.map((each) => knownFrom(each, nowMs, isRunning))));
  return several(`et ${kind} ID, or et ${kind} HOST NAME`);
}

async function severalHere(
  { kind }: AttachCommand | HistoryCommand,
  { write }: Asking,
  listed: readonly ListedSession[],
): Promise<SessionChoice> {
  await write(formatListing(listed));
  return several(`et ${kind} ID`);
}

function several(advice: string): SessionChoice {
  const message = `several sessions are meant; say which: ${advice}`;
  return { kind: 'end', end: { status: USAGE_STATUS, message } };
}

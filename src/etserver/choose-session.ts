import type { OwnSessions } from '../registry/own-sessions.ts';
import type { SessionRegistry } from '../registry/session-registry.ts';
import type { SessionStatus } from '../wire/session-status.ts';
import { formatAge } from './format-sessions.ts';
import type { SessionRecords } from './session-records.ts';
import type { SessionWish } from './session-wish.ts';

/** The request cannot be met; `code` is for programs, as PROTOCOL.md section 2 lists them. */
export class SessionRefusal extends Error {
  readonly code: 'no-session' | 'several-sessions' | 'session-ended' | 'name-taken';
  readonly advice: string;

  constructor(code: SessionRefusal['code'], message: string, advice: string) {
    super(message);
    this.code = code;
    this.advice = advice;
  }
}

export interface ChooseSessionDeps {
  readonly own: Pick<OwnSessions, 'list' | 'isGone' | 'status' | 'find'>;
  readonly registry: Pick<SessionRegistry, 'claim' | 'idNamed' | 'unclaim'>;
  readonly records: Pick<SessionRecords, 'whyGone' | 'idNamed'>;
  readonly nowMs: number;
  /** A short while later. */
  readonly pause: () => Promise<void>;
}

/** So many names that nobody answers to are taken over before it is given up. */
const MAX_STALE = 3;
const MAX_LOOKS = 20;
const YOUNG_SECONDS = 10;

/**
 * The session to attach to; `undefined`: another is to be begun.
 *
 * @throws {SessionRefusal}
 */
export async function chooseSession(
  deps: ChooseSessionDeps,
  wish: SessionWish,
): Promise<string | undefined> {
  if (wish.attach === 'only') return await running(deps, wish.session || wish.name);
  if (wish.name === '') return undefined;
  const holder = await deps.registry.idNamed(wish.name);
  if (holder === undefined || (await deps.own.isGone(holder))) return undefined;
  return await attachable(deps, wish, holder);
}

/**
 * Has a session that has begun, and answers, known by the name that was asked for. Returns the session to attach to in its place where
 * another that began at the same time has the name.
 *
 * @throws {SessionRefusal}
 */
export async function claimName(
  deps: ChooseSessionDeps,
  wish: SessionWish,
  id: string,
): Promise<string | undefined> {
  if (wish.name === '') return undefined;
  for (let stale = 0; ; stale += 1) {
    const holder = await deps.registry.claim(wish.name, id);
    if (holder === id) return undefined;
    if (stale === MAX_STALE || !(await deps.own.isGone(holder))) {
      return await attachable(deps, wish, holder);
    }
    await deps.registry.unclaim(wish.name, holder);
  }
}

async function attachable(
  deps: ChooseSessionDeps,
  wish: SessionWish,
  holder: string,
): Promise<string> {
  if (wish.attach === 'new') {
    const message = `there is a session ${wish.name} on this host already`;
    throw new SessionRefusal('name-taken', message, 'leave --new out to attach to it');
  }
  await requireShell(deps, holder, wish.name);
  return holder;
}

async function running(deps: ChooseSessionDeps, text: string): Promise<string> {
  if (text === '') return await theOne(deps);
  const found = await deps.own.find(text);
  const [id] = found;
  if (id !== undefined && found.length === 1 && !(await deps.own.isGone(id))) {
    await requireShell(deps, id, text);
    return id;
  }
  if (found.length > 1) {
    throw new SessionRefusal(
      'several-sessions',
      `${text} begins ${found.length} ids on this host`,
      'et ls HOST shows them; write more digits, or the name',
    );
  }
  const ended = id ?? (await endedOne(deps, text));
  const why = ended === undefined ? undefined : await deps.records.whyGone(ended, deps.nowMs);
  if (why !== undefined) {
    throw new SessionRefusal(
      'session-ended',
      `session ${text} is gone: ${why}`,
      'start another with et',
    );
  }
  throw new SessionRefusal(
    'no-session',
    `no session ${text} on this host`,
    'et ls HOST shows them',
  );
}

async function endedOne(deps: ChooseSessionDeps, text: string): Promise<string | undefined> {
  if (/^[0-9a-f]{32}$/iu.test(text)) return text.toLowerCase();
  return await deps.records.idNamed(text);
}

/** Of several the only one that has no client. */
async function theOne(deps: ChooseSessionDeps): Promise<string> {
  const shells = (await deps.own.list()).filter(({ hasShell }) => hasShell);
  const detached = shells.filter(({ attached }) => !attached);
  const [one] = shells.length === 1 ? shells : detached;
  if (one !== undefined && (shells.length === 1 || detached.length === 1)) return one.session;
  if (shells.length === 0) {
    throw new SessionRefusal('no-session', 'no session on this host', 'start one with et');
  }
  throw new SessionRefusal(
    'several-sessions',
    `${shells.length} sessions on this host: ${shells.map(described).join(', ')}`,
    'say which: et attach HOST NAME',
  );
}

function described({ name, session, attached, idleSeconds }: SessionStatus): string {
  const called = name === '' ? session.slice(0, 8) : name;
  return `${called} (${attached ? 'attached' : `detached ${formatAge(idleSeconds)}`})`;
}

/** One that has begun this very moment may not have its shell yet. */
async function requireShell(deps: ChooseSessionDeps, id: string, text: string): Promise<void> {
  let status = await deps.own.status(id);
  for (let look = 0; look < MAX_LOOKS && isYoung(status); look += 1) {
    await deps.pause();
    status = await deps.own.status(id);
  }
  if (status === undefined || status.hasShell) return;
  throw new SessionRefusal(
    'no-session',
    `session ${text} runs ${status.command === '' ? 'no shell' : 'a command without a terminal'}`,
    'there is nothing to attach to',
  );
}

function isYoung(status: SessionStatus | undefined): boolean {
  return status !== undefined && status.command === '' && status.ageSeconds < YOUNG_SECONDS;
}

import type { Session } from './session.ts';
import type { SessionLink } from './session-link.ts';

/** A retired link ends after this long without a record, or after RETIRE_MAX_MS in any case. */
const RETIRE_QUIET_MS = 1000;
const RETIRE_MAX_MS = 10_000;
/**
 * A client asks for a sign of life sooner, and one that is gone ends no link of datagrams: a server that has heard nothing for this long
 * asks, or nobody would ever know. One that is not in use was replaced, and is forgotten.
 */
const SILENCE_MS = 75_000;

/** When something is due on the links of a session, and what is done about it then. */
export class LinkWatch {
  readonly #session: Session;
  /** The longest silence on a link that carries nothing and is kept warm, in milliseconds; `undefined`: none is. */
  warmMs: (() => number) | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  /** But for what is ready to be sent. */
  dueMs(nowMs: number): number {
    const session = this.#session;
    const { best } = session.links;
    let dueMs = session.doubts.dueMs;
    for (const link of session.links) {
      dueMs = Math.min(
        dueMs,
        link.received.ackDueMs ?? dueMs,
        link.suspectDueMs ?? dueMs,
        link.lossDueMs ?? dueMs,
        link.peerPath?.askDueMs ?? dueMs,
      );
      if (link.isRetired) dueMs = Math.min(dueMs, nowMs + RETIRE_QUIET_MS);
      if (this.#isWarm(link, best)) dueMs = Math.min(dueMs, link.idleProbe.dueMs(link));
    }
    if (session.role === 'server') {
      for (const link of session.links) dueMs = Math.min(dueMs, silenceDueMs(link, best));
      return dueMs;
    }
    if (best === undefined) return dueMs;
    return Math.min(dueMs, session.idleProbe.dueMs(best));
  }

  look(nowMs: number, lateMs: number): void {
    const session = this.#session;
    session.doubts.look(nowMs);
    for (const link of session.links) this.#lookAt(link, nowMs, lateMs);
    const { best } = session.links;
    if (session.role === 'client' && best !== undefined && session.idleProbe.dueMs(best) <= nowMs) {
      session.idleProbe.noteProbe();
      this.ask(best);
    }
    for (const link of session.links) if (this.#isWarm(link, best)) this.#keepWarm(link, nowMs);
    if (session.role === 'server')
      for (const link of session.links) this.#lookAtSilence(link, best, nowMs);
  }

  #lookAtSilence(link: SessionLink, best: SessionLink | undefined, nowMs: number): void {
    if (silenceDueMs(link, best) > nowMs) return;
    if (link === best) this.ask(link);
    else this.#session.dropLink(link);
  }

  /** A PREFER may have been overtaken by an older one on another link: each probe says it again. */
  ask(best: SessionLink): void {
    best.owesPing = true;
    const { role, links } = this.#session;
    if (role === 'client' && best.id === links.preferredId) best.owesPrefer = true;
  }

  #isWarm(link: SessionLink, best: SessionLink | undefined): boolean {
    return this.warmMs !== undefined && link !== best && !link.isRetired;
  }

  #keepWarm(link: SessionLink, nowMs: number): void {
    const { idleProbe } = link;
    if (idleProbe.dueMs(link) > nowMs) return;
    if (this.warmMs !== undefined) idleProbe.maxWaitMs = this.warmMs();
    idleProbe.noteProbe();
    link.owesPing = true;
  }

  #lookAt(link: SessionLink, nowMs: number, lateMs: number): void {
    const session = this.#session;
    session.requeue(link, link.takeLost(nowMs));
    session.requeue(link, link.takeForgotten(nowMs));
    link.probeIfDue(nowMs);
    if (link.isOverdue(nowMs, lateMs)) session.suspect(link);
    if (session.role === 'client' && link.wearsOut(nowMs)) session.tellWorn(link);
    if (link.retiredAtMs === undefined) return;
    const isQuiet = link.sent.inFlightBytes === 0 && nowMs - link.lastReceivedMs >= RETIRE_QUIET_MS;
    if (isQuiet || nowMs - link.retiredAtMs >= RETIRE_MAX_MS || link.isSuspect)
      session.leaveLink(link);
  }
}

/** When `link` has been silent for too long, at the server. */
function silenceDueMs(link: SessionLink, best: SessionLink | undefined): number {
  if (link.secure.kind === 'bytes') return Number.POSITIVE_INFINITY;
  if (link !== best) return link.lastReceivedMs + SILENCE_MS;
  if (link.isSuspect) return Number.POSITIVE_INFINITY;
  return Math.max(link.lastReceivedMs, link.lastSentMs) + SILENCE_MS;
}

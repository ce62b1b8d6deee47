import type { Clock } from '../base/clock.ts';
import { EtError, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { MAX_LINKS, MAX_STREAMS } from '../wire/limits.ts';
import { BackedReader } from './backed-reader.ts';
import { BackedWriter } from './backed-writer.ts';
import { Doubts } from './doubts.ts';
import { DueTimer } from './due-timer.ts';
import { IdleProbe } from './idle-probe.ts';
import { LinkWatch } from './link-watch.ts';
import { Links } from './links.ts';
import { markLost } from './mark-lost.ts';
import { RecordBuilder } from './record-builder.ts';
import { RecordHandler } from './record-handler.ts';
import type { SecureLink } from './secure-link.ts';
import type { SentRecord } from './sent-records.ts';
import type { SessionEnd, SessionEvents, SessionSource } from './session-events.ts';
import { SessionLink } from './session-link.ts';

/** Bytes sent in one go, so that the peer works while we seal the next ones. */
const GO_BYTES = 262_144;

/**
 * The ordered streams of one client process and one server, over whatever links there are: zero to sixteen.
 * A byte may travel on any link, twice, in any order; the streams make one exact sequence of it again.
 *
 *   open (no links <---> links) --- end, BYE, or a failure of the session ---> over (final)
 *
 * Between any two calls:
 * 1. Every retained byte is in flight on exactly the links whose unacknowledged records carry it, or lost, or both.
 * 2. At most one timer is set, and none once the session is over.
 */
export class Session {
  readonly links: Links = new Links();
  readonly writers: BackedWriter[] = Array.from({ length: MAX_STREAMS }, () => new BackedWriter());
  readonly readers: BackedReader[] = Array.from({ length: MAX_STREAMS }, () => new BackedReader());
  readonly role: 'client' | 'server';
  readonly #clock: Clock;
  readonly #events: SessionEvents;
  readonly #logger: Logger;
  readonly #builder: RecordBuilder;
  #source: SessionSource | undefined;
  readonly #timer: DueTimer;
  #flushIsDue = false;
  readonly idleProbe: IdleProbe = new IdleProbe();
  readonly watch: LinkWatch = new LinkWatch(this);
  readonly doubts: Doubts;
  #over = false;

  constructor(role: 'client' | 'server', clock: Clock, logger: Logger, events: SessionEvents) {
    this.role = role;
    this.#clock = clock;
    this.#logger = logger;
    this.#events = events;
    this.#builder = new RecordBuilder(this);
    this.doubts = new Doubts(this, clock);
    this.#timer = new DueTimer(clock, (lateMs) => this.#onTimer(lateMs));
  }

  get isOver(): boolean {
    return this.#over;
  }

  get source(): SessionSource | undefined {
    return this.#source;
  }

  /** Bytes sent and not known to have arrived. */
  get unacknowledgedBytes(): number {
    let bytes = 0;
    for (const writer of this.writers) bytes += writer.retainedBytes;
    return bytes;
  }

  /** How fast the link in use is; the mux sizes its windows by it. */
  get rate(): { readonly bytesPerSecond: number; readonly rttMs: number } | undefined {
    const { best } = this.links;
    const bytesPerMs = best?.bytesPerMs;
    const rttMs = best?.rtt.smoothedMs;
    return bytesPerMs === undefined || rttMs === undefined
      ? undefined
      : { bytesPerSecond: bytesPerMs * 1000, rttMs };
  }

  attach(source: SessionSource): void {
    this.#source = source;
    this.wake();
  }

  /** The source has something to send. What is said within one callback leaves together. */
  wake(): void {
    if (this.#flushIsDue || this.#over) return;
    this.#flushIsDue = true;
    this.#clock.defer(() => this.#flush());
  }

  /** Takes a link that has joined: on the client one whose answer was read, on the server one with an authentic record. */
  addLink(secure: SecureLink): SessionLink {
    const link = new SessionLink(secure, this.#clock.now());
    if (this.#over || this.links.get(secure.id) !== undefined) {
      secure.reset();
      return link;
    }
    if (this.links.count >= MAX_LINKS) this.#dropOldest();
    this.links.add(link);
    if (this.role === 'client') this.prefer(link);
    this.#logger.log(1, `${link.describe()} joined`);
    this.#events.onLink('joined', link);
    const handler = new RecordHandler(this, link, this.#clock);
    // After the event: an end that came meanwhile is told within `attach`.
    secure.attach({
      onRecord: (number, plaintext, bytes, from) =>
        this.#receive(link, () => handler.receive(number, plaintext, bytes, from)),
      onClose: (error) => this.#lose(link, error),
    });
    this.#requeueSuspects();
    this.wake();
    return link;
  }

  /** Asks the peer to use `link`, and uses it. */
  prefer(link: SessionLink): void {
    this.links.prefer(link.id);
    link.owesPrefer = true;
    this.wake();
  }

  /** Sends on `link` no more; it ends once it is quiet, so that what is on its way over it arrives. */
  retire(link: SessionLink): void {
    if (link.isRetired) return;
    link.retiredAtMs = this.#clock.now();
    this.#arm();
  }

  /** Ends a link at once; what it carried is sent over another. */
  dropLink(link: SessionLink, error?: EtError): void {
    link.secure.reset();
    this.#lose(link, error);
  }

  /** A link that was retired ends, or one that is suspect meanwhile. */
  leaveLink(link: SessionLink): void {
    if (link.isSuspect) link.secure.reset();
    else link.secure.close();
    this.#lose(link, undefined);
  }

  /** It has to be replaced beside itself. */
  tellWorn(link: SessionLink): void {
    this.#events.onLink('worn', link);
  }

  /** An acknowledgement on `link` is overdue, and what it carries goes over another one as well. */
  doubted(link: SessionLink): void {
    this.#logger.log(1, `${link.describe()} is doubted`);
    link.idleProbe.noteTraffic();
    this.#preferBest();
    // Is the other one alive?
    this.probe();
    this.#events.onLink('doubted', link);
  }

  /** The peer of `link` is elsewhere; of another host's path nothing is known. What went to the old address, acknowledgements tell. */
  moved(link: SessionLink, how: 'within its host' | 'to another host'): void {
    this.#logger.log(1, `${link.describe()} goes to ${link.secure.paths?.current.label} now`);
    if (how === 'to another host') link.restartPath();
  }

  /** A link that was doubted may carry again. */
  settled(link: SessionLink): void {
    this.#logger.log(1, `${link.describe()} is steady`);
    this.#events.onLink('steady', link);
  }

  /** Something says that `link` cannot be alive (its address is gone), without waiting for its silence. */
  suspect(link: SessionLink): void {
    if (link.isSuspect || this.links.get(link.id) !== link) return;
    link.isSuspect = true;
    this.#logger.log(1, `${link.describe()} is suspect`);
    this.#requeueSuspects();
    this.#preferBest();
    this.wake();
    this.#events.onLink('suspect', link);
  }

  /** Sends something on the best link that asks for an answer: is it alive? */
  probe(): void {
    const { best } = this.links;
    if (best === undefined) return;
    this.watch.ask(best);
    this.wake();
  }

  /** Ends the session at both ends; the peer is told if a link is alive. */
  end(code: number, text: string): void {
    if (this.#over) return;
    // Bytes that were accepted leave before the BYE does.
    this.#flush();
    if (this.#over) return;
    this.#sayBye(code, text);
    this.#finish({ kind: 'bye', by: 'us', code, text });
  }

  /** Ends the session because of a failure of its own. */
  fail(error: EtError): void {
    if (this.#over) return;
    this.#sayBye(1, error.message);
    this.#finish({ kind: 'failed', error });
  }

  /** What the session carries has failed in the middle of it. */
  sourceFailed(thrown: unknown): void {
    this.fail(sessionErrorOf(thrown));
  }

  /** The peer said BYE. */
  endedByPeer(code: number, text: string): void {
    this.#finish({ kind: 'bye', by: 'peer', code, text });
  }

  /** What was on its way in these records is sent again, unless it has arrived. */
  requeue(link: SessionLink, records: readonly SentRecord[]): void {
    markLost(this, link, records);
    if (records.length > 0) this.wake();
  }

  /** A terminal or a small command has said something. */
  noteUrgent(): void {
    const nowMs = this.#clock.now();
    for (const link of this.links) link.pacer.noteUrgent(nowMs);
  }

  /** Something other than a probe was sent or received. */
  noteTraffic(): void {
    this.idleProbe.noteTraffic();
  }

  #receive(link: SessionLink, take: () => void): void {
    if (this.#over) return;
    try {
      take();
    } catch (thrown) {
      this.#failBy(link, thrown);
      return;
    }
    if (this.#over) return;
    if (link.received.ackDueMs !== undefined && link.received.ackDueMs <= this.#clock.now())
      this.wake();
    else this.#arm();
  }

  /** The scope of an error says what it kills. */
  #failBy(link: SessionLink, thrown: unknown): void {
    if (thrown instanceof EtError && thrown.scope === 'link') {
      this.#logger.log(1, `${link.describe()}: ${thrown.message}`);
      this.dropLink(link, thrown);
      return;
    }
    this.fail(sessionErrorOf(thrown));
  }

  /** Tells of a link that was heard of again. */
  revived(link: SessionLink): void {
    this.#requeueSuspects();
    this.wake();
    this.#events.onLink('revived', link);
  }

  #lose(link: SessionLink, error: EtError | undefined): void {
    if (!this.links.remove(link)) return;
    this.requeue(link, link.sent.takeAll());
    this.#logger.log(
      1,
      `${link.describe()} lost${error === undefined ? '' : `: ${error.message}`}`,
    );
    if (this.#over) return;
    this.#preferBest();
    this.#events.onLink('lost', link, error);
  }

  /** What we fall back on, the server may not know to be better than a link whose silence only we have noticed. */
  #preferBest(): void {
    const { best, preferredId } = this.links;
    if (this.role !== 'client' || best === undefined || best.id === preferredId) return;
    if (!best.isSuspect && !best.isRetired) this.prefer(best);
  }

  #dropOldest(): void {
    let oldest: SessionLink | undefined;
    for (const link of this.links) if (oldest === undefined || link.id < oldest.id) oldest = link;
    if (oldest !== undefined) this.dropLink(oldest);
  }

  /** With a trusted link there, what waits on suspect ones is sent over it. */
  #requeueSuspects(): void {
    if (!this.links.hasTrusted) return;
    for (const link of this.links) if (link.isSuspect) this.requeue(link, link.sent.takeAll());
  }

  #flush(): void {
    this.#flushIsDue = false;
    if (this.#over) return;
    try {
      this.#flushNow();
    } catch (thrown) {
      this.fail(sessionErrorOf(thrown));
    }
  }

  #flushNow(): void {
    const nowMs = this.#clock.now();
    const { best } = this.links;
    if (best !== undefined) {
      // With no answer awaited on it, a suspect link would stay suspect for ever, and bulk would wait.
      if (best.isSuspect && best.sent.inFlightBytes === 0) best.owesPing = true;
      this.#sendOn(best, nowMs);
      this.#builder.probeMtu(best, nowMs);
    }
    for (const link of this.links) {
      this.#builder.askNewPath(link, nowMs);
      if (link === best) continue;
      this.#builder.sendControl(link, nowMs);
      link.secure.flush();
    }
    this.#arm();
    if (this.#events.onQuiet === undefined || this.#over || this.#source?.ready !== 0) return;
    if (this.unacknowledgedBytes === 0) this.#events.onQuiet();
  }

  #sendOn(best: SessionLink, nowMs: number): void {
    let left = GO_BYTES;
    let sent = 1;
    while (left > 0 && sent > 0) {
      sent = this.#builder.sendNext(best, nowMs);
      left -= sent;
    }
    best.secure.flush();
    if (left > 0) return;
    this.#flushIsDue = true;
    this.#clock.afterIo(() => this.#flush());
  }

  #sayBye(code: number, text: string): void {
    const { best } = this.links;
    const nowMs = this.#clock.now();
    try {
      // On each that may be alive: nobody is there afterwards to say it again.
      for (const link of this.links)
        if (link === best || !link.isSuspect) this.#builder.sendBye(link, nowMs, code, text);
    } catch (thrown) {
      // The end comes whatever the link says to it.
      this.#logger.log(1, `no BYE: ${messageOf(thrown)}`);
    }
  }

  #finish(end: SessionEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer.cancel();
    for (const link of this.links) {
      this.links.remove(link);
      if (!link.isSuspect) link.secure.close();
      else link.secure.reset();
    }
    this.#events.onEnd(end);
  }

  #arm(): void {
    if (!this.#over) this.#timer.arm(this.#nextDueMs());
  }

  #nextDueMs(): number {
    const nowMs = this.#clock.now();
    const { best } = this.links;
    const dueMs = this.watch.dueMs(nowMs);
    if (best === undefined) return dueMs;
    return Math.min(
      dueMs,
      this.#builder.pacedDueMs(best, nowMs),
      this.#builder.repeatDueMs(best, nowMs),
    );
  }

  #onTimer(lateMs: number): void {
    this.watch.look(this.#clock.now(), lateMs);
    this.#flush();
  }
}

/** What is not an EtError is a bug, and kills this session only. */
function sessionErrorOf(thrown: unknown): EtError {
  if (thrown instanceof EtError) return thrown;
  return new EtError('ET_ERR_INTERNAL', `session failed: ${messageOf(thrown)}`, { cause: thrown });
}

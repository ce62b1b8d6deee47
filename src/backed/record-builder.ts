import { FrameWriter } from '../wire/frame-writer.ts';
import type { ResumeEntry } from '../wire/frames.ts';
import { MAX_ACK_RANGES, MAX_RECORD_BYTES, MAX_RESUME_RANGES } from '../wire/limits.ts';
import type { BackedWriter } from './backed-writer.ts';
import type { SentRange } from './sent-records.ts';
import type { Session } from './session.ts';
import type { SessionLink } from './session-link.ts';

/** Too little to begin a STREAM frame for. */
const MIN_STREAM_ROOM = 64;
/** Stream 0 may run ahead of the pace by this, beyond a record of bulk: a key must not wait for bulk's turn. */
const URGENT_BYTES = 1024;
const MIN_URGENT_BYTES = 512;
/** ...and may exceed the cap on bytes in flight by this. */
const URGENT_ROOM_BYTES = 4096;
/** What a stream that is overdue may take before the others, in one record. */
const OVERDUE_BYTES = 1024;
/** A piece of a datagram may exceed the cap on bytes in flight up to this, or a cap that is nearly used up would cut crumbs. */
const MIN_DATAGRAM_ROOM_BYTES = 1024;
/** How far datagrams or the streams above 0 may get ahead of the other before they yield, in bytes. */
const MAX_LEAD_BYTES = 16_384;
const MAX_EARLY_ACK_RANGES = 4;
/** The ACKs that a record of bulk carries at the most. */
const PIGGY_BACK_RANGES = 32;

/** Of stream 0, that are sent more than once before an answer is overdue: keys and their echoes. */
const MAX_COPIED_BYTES = 400;
/** A BYE in datagrams: at 30 % of loss one in four hundred is lost with all of its copies. */
const BYE_COPIES = 5;
/** Ranges in an acknowledgement of a few records. */
const FEW_RANGES = 6;

const NO_RANGES: readonly SentRange[] = [];

/**
 * Composes a session's records: what is owed, then what was lost, then what is ready, in the order of the streams. Datagrams come behind
 * stream 0 and share with the others, half each.
 */
export class RecordBuilder {
  readonly #session: Session;
  readonly #frames = new FrameWriter(new Uint8Array(MAX_RECORD_BYTES));
  #ranges: SentRange[] = [];
  #hasDatagrams = false;
  /** Behind the last byte of stream 0 that this record is the first to carry; 0 where it carries none. */
  #freshEnd = 0;
  /** Bytes that datagrams had more than the streams above 0, lately and while these had something to send. */
  #datagramLead = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Sends the next record of `link`, if there is reason for one and room; returns its bytes, else 0. */
  sendNext(link: SessionLink, nowMs: number): number {
    const room = this.#dataRoom(link, nowMs);
    const hasData = room > 0 && this.#hasData(this.#streamLimit(link, nowMs));
    const isRepeatDue = this.repeatDueMs(link, nowMs) <= nowMs;
    if (!hasData && !isRepeatDue && !this.#owesControl(link, nowMs)) {
      this.#noteIdle(link, room, nowMs);
      return 0;
    }
    this.#restart(link);
    this.#control(link, nowMs);
    if (isRepeatDue) this.#repeat(link, nowMs);
    if (hasData) this.#data(Math.min(room, link.recordTarget), this.#streamLimit(link, nowMs));
    return this.#send(link, nowMs);
  }

  /** On a link that carries no data: acknowledgements, pings and the like. */
  sendControl(link: SessionLink, nowMs: number): void {
    if (!this.#owesControl(link, nowMs)) return;
    this.#restart(link);
    this.#control(link, nowMs);
    this.#send(link, nowMs);
  }

  /** Where the peer may have moved to is asked by a record that goes nowhere else. */
  askNewPath(link: SessionLink, nowMs: number): void {
    if ((link.peerPath?.askDueMs ?? Number.POSITIVE_INFINITY) > nowMs) return;
    this.#restart(link);
    this.#frames.ping();
    this.#frames.padding(link.secure.padBytes === undefined ? 0 : this.#frames.room);
    link.ask(this.#frames.bytes, nowMs);
  }

  /** A record of nothing much, as long as the path perhaps carries. */
  probeMtu(link: SessionLink, nowMs: number): void {
    const bytes = link.mtuProbeBytes(nowMs);
    if (bytes === undefined) return;
    this.#frames.restart(bytes);
    this.#frames.ping();
    this.#frames.padding(this.#frames.room);
    link.mtu.probed(link.sent.next, nowMs);
    link.send(this.#frames.bytes, true, NO_RANGES, nowMs);
  }

  sendBye(link: SessionLink, nowMs: number, code: number, text: string): void {
    this.#restart(link);
    if (link.owesResume) this.#control(link, nowMs);
    this.#frames.bye(code, text);
    this.#send(link, nowMs);
    if (link.secure.kind === 'bytes') return;
    // Nobody is there afterwards to say it again.
    for (let copies = 1; copies < BYE_COPIES; copies += 1)
      link.send(this.#frames.bytes, false, NO_RANGES, nowMs);
  }

  /** When pacing lets the next record go; infinity when nothing waits for it. */
  pacedDueMs(link: SessionLink, nowMs: number): number {
    const waitMs = link.pacer.waitMs(nowMs, link);
    if (waitMs <= 0 || !this.#hasData(8) || link.room(true, nowMs) <= 0)
      return Number.POSITIVE_INFINITY;
    return nowMs + waitMs;
  }

  /** When the unacknowledged end of stream 0 is sent again; infinity when it is not. */
  repeatDueMs(link: SessionLink, nowMs: number): number {
    if (link.secure.kind === 'bytes') return Number.POSITIVE_INFINITY;
    const { acknowledged, retainedBytes } = this.#session.writers[0] as BackedWriter;
    const dueMs = link.repeats.dueMs(nowMs, acknowledged, link);
    // What is more than a few keys' echoes is not copied; its oldest part is asked about.
    if (retainedBytes <= MAX_COPIED_BYTES) return dueMs;
    return Math.max(dueMs, link.repeats.overdueMs);
  }

  #repeat(link: SessionLink, nowMs: number): void {
    const writer = this.#session.writers[0] as BackedWriter;
    let at = writer.acknowledged;
    for (;;) {
      const taken = writer.peek(at, this.#frames.streamRoom(at));
      if (taken === undefined || taken.bytes.length === 0) break;
      at = taken.offset + taken.bytes.length;
      this.#frames.stream(0, taken.offset, taken.bytes);
      this.#ranges.push({ stream: 0, start: taken.offset, end: at });
    }
    link.repeats.repeated(nowMs, at);
  }

  /** There is room and nothing to send: samples taken now measure us, not the link. */
  #noteIdle(link: SessionLink, room: number, nowMs: number): void {
    const hasData = this.#hasData(8);
    if (room > 0 && !hasData) link.rate.applicationLimited(link.sent.inFlightBytes);
    const isPaced = hasData && link.pacer.waitMs(nowMs, link) > 0 && link.room(true, nowMs) > 0;
    if (isPaced) link.pacer.noteWaiting();
    else link.pacer.noteIdle();
  }

  /** Streams below this number may send: a suspect link is not trusted with bulk, nor is one that must pause. */
  #streamLimit(link: SessionLink, nowMs: number): number {
    if (link.isSuspect || link.isRetired) return 1;
    return link.pacer.waitMs(nowMs, link) > 0 || link.room(true, nowMs) <= 0 ? 1 : 8;
  }

  #dataRoom(link: SessionLink, nowMs: number): number {
    const aheadBytes = link.pacer.aheadBytes(nowMs, link);
    const room = link.room(false, nowMs);
    if (aheadBytes === 0 && room > 0) return room;
    const urgent = Math.floor(URGENT_BYTES + link.recordTarget - aheadBytes);
    // Less would make crumbs of a flood: each acknowledgement would let a few bytes go.
    if (urgent < MIN_URGENT_BYTES) return 0;
    return Math.min(URGENT_BYTES, urgent, room + URGENT_ROOM_BYTES);
  }

  #hasData(streamLimit: number): boolean {
    if (streamLimit > 1 && this.#session.source?.isDatagramReady === true) return true;
    return this.#hasStreamData(0, streamLimit);
  }

  #hasStreamData(firstStream: number, streamLimit: number): boolean {
    const ready = this.#session.source?.ready ?? 0;
    const { writers } = this.#session;
    for (let stream = firstStream; stream < streamLimit; stream += 1) {
      const writer = writers[stream];
      if (writer === undefined) continue;
      if (writer.hasLost || ((ready & (1 << stream)) !== 0 && writer.roomBytes > 0)) return true;
    }
    return false;
  }

  #owesControl(link: SessionLink, nowMs: number): boolean {
    if (link.owesResume || link.owesPing || link.owesPrefer) return true;
    for (const other of this.#session.links) {
      if (
        (other.received.ackDueMs ?? Number.POSITIVE_INFINITY) <= nowMs &&
        this.#carriesAcksOf(link, other)
      )
        return true;
    }
    return false;
  }

  /** An ACK travels on its own link, so that the round trip is that link's, unless that link is suspect. */
  #carriesAcksOf(link: SessionLink, other: SessionLink): boolean {
    return link === other || (other.isSuspect && link === this.#session.links.best);
  }

  #control(link: SessionLink, nowMs: number): void {
    const frames = this.#frames;
    if (link.owesResume && frames.resume(this.#resumeEntries(link))) link.owesResume = false;
    for (const other of this.#session.links) {
      if (!this.#saysAckOf(other, nowMs) || !this.#carriesAcksOf(link, other)) continue;
      const most = other.received.isFew ? FEW_RANGES : this.#maxRanges();
      const { ranges, delayMs } = other.received.report(nowMs, most);
      if (frames.ack(other.id, Math.round(delayMs * 1000), ranges)) other.acknowledged(ranges);
    }
    if (link.owesPrefer && frames.prefer(this.#session.links.preferredId ?? link.id))
      link.owesPrefer = false;
    if (link.owesPing && frames.ping()) link.owesPing = false;
  }

  /** Before it is due, an ACK goes along only where it is small: with many gaps it would be a tenth of every record. */
  #saysAckOf({ received }: SessionLink, nowMs: number): boolean {
    const { ackDueMs, rangeCount, isFew } = received;
    if (ackDueMs === undefined) return false;
    return ackDueMs <= nowMs || isFew || rangeCount <= MAX_EARLY_ACK_RANGES;
  }

  /** A RESUME must fit whatever the link's rate. */
  #restart(link: SessionLink): void {
    const isLarge = link.owesResume && link.secure.kind === 'bytes';
    this.#frames.restart(isLarge ? MAX_RECORD_BYTES : link.recordTarget);
  }

  #maxRanges(): number {
    return Math.min(MAX_ACK_RANGES, PIGGY_BACK_RANGES + Math.floor(this.#frames.room / 64));
  }

  /** On a datagram link so few ranges that all eight streams' fit; saying less is always sound. */
  #resumeEntries(link: SessionLink): ResumeEntry[] {
    const maxRanges =
      link.secure.kind === 'bytes' ? MAX_RESUME_RANGES : link.mostPlainBytes < 1000 ? 1 : 4;
    const entries: ResumeEntry[] = [];
    this.#session.readers.forEach((reader, stream) => {
      if (!reader.hasReceived) return;
      entries.push({ stream, next: reader.next, ranges: reader.ranges(maxRanges) });
    });
    return entries;
  }

  #data(room: number, streamLimit: number): void {
    let left = room - this.#overdue(Math.min(room, OVERDUE_BYTES), streamLimit);
    const urgent = this.#streams(0, 1, left);
    if (urgent > 0) this.#session.noteUrgent();
    left -= urgent;
    if (streamLimit === 1 || left <= 0) return;
    const isFirst = this.#datagramLead <= 0;
    const before = isFirst ? this.#datagrams(left) : 0;
    const streams = this.#streams(1, streamLimit, left - before);
    const behind = isFirst ? 0 : this.#datagrams(left - streams);
    const lead = this.#datagramLead + before + behind - streams;
    this.#datagramLead = this.#hasStreamData(1, streamLimit)
      ? Math.min(Math.max(lead, -MAX_LEAD_BYTES), MAX_LEAD_BYTES)
      : 0;
  }

  #streams(firstStream: number, streamLimit: number, room: number): number {
    let left = room;
    for (let stream = firstStream; stream < streamLimit && left > 0; stream += 1) {
      left -= this.#lost(stream, left);
      if (left > 0) left -= this.#fresh(stream, left);
    }
    return room - left;
  }

  #datagrams(room: number): number {
    const { source } = this.#session;
    const frames = this.#frames;
    const start = frames.position;
    const recordBytes = start + frames.room;
    for (let left = room; left > 0; left = room - (frames.position - start)) {
      const fit = Math.min(frames.room, Math.max(left, MIN_DATAGRAM_ROOM_BYTES));
      const piece = source?.takeDatagram?.(fit, recordBytes);
      if (piece === undefined) break;
      frames.datagram(piece.channel, piece.id, piece.index, piece.count, piece.bytes);
      this.#hasDatagrams = true;
    }
    return frames.position - start;
  }

  #overdue(room: number, streamLimit: number): number {
    const overdue = this.#session.source?.overdue ?? 0;
    if (overdue === 0) return 0;
    let sent = 0;
    for (let stream = 1; stream < streamLimit && sent < room; stream += 1) {
      if ((overdue & (1 << stream)) !== 0) sent += this.#fresh(stream, room - sent);
    }
    return sent;
  }

  #lost(stream: number, room: number): number {
    const writer = this.#session.writers[stream];
    let sent = 0;
    while (writer?.hasLost && sent < room) {
      const fit = Math.min(this.#frames.streamRoom(writer.next), room - sent);
      if (fit < 1) break;
      const taken = writer.takeLost(fit);
      if (taken === undefined) break;
      this.#frames.stream(stream, taken.offset, taken.bytes);
      this.#ranges.push({ stream, start: taken.offset, end: taken.offset + taken.bytes.length });
      sent += taken.bytes.length;
    }
    return sent;
  }

  #fresh(stream: number, room: number): number {
    const { source, writers } = this.#session;
    const writer = writers[stream];
    let sent = 0;
    while (source !== undefined && writer !== undefined && (source.ready & (1 << stream)) !== 0) {
      const fit = Math.min(
        this.#frames.streamRoom(writer.next),
        Math.max(room - sent, MIN_STREAM_ROOM),
        writer.roomBytes,
      );
      if (fit < MIN_STREAM_ROOM || sent >= room) break;
      const count = source.take(stream, writer.reserve(fit));
      if (count === 0) break;
      const taken = writer.commit(count);
      this.#frames.stream(stream, taken.offset, taken.bytes);
      this.#ranges.push({ stream, start: taken.offset, end: taken.offset + count });
      sent += count;
      if (stream === 0) this.#freshEnd = taken.offset + count;
    }
    return sent;
  }

  #send(link: SessionLink, nowMs: number): number {
    const frames = this.#frames;
    if (frames.position === 0) return 0;
    const ranges = this.#ranges.length === 0 ? NO_RANGES : this.#ranges;
    if (this.#ranges.length > 0 || this.#hasDatagrams) this.#session.noteTraffic();
    if (this.#ranges.length > 0) this.#session.doubts.noteSent(frames.position);
    if (this.#ranges.length > 0) this.#ranges = [];
    this.#hasDatagrams = false;
    if (link.secure.padBytes !== undefined) frames.padding(link.mostPlainBytes - frames.position);
    link.send(frames.bytes, frames.asksForAcknowledgement, ranges, nowMs);
    if (this.#freshEnd > 0) {
      const { acknowledged } = this.#session.writers[0] as BackedWriter;
      link.repeats.sent(nowMs, this.#freshEnd, acknowledged, link);
      this.#freshEnd = 0;
    }
    return frames.position;
  }
}

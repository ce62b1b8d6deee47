import type { AckRange } from '../wire/frames.ts';
import { MAX_ACK_DELAY_MS, MAX_RECORDS_PER_LINK, MIN_ACK_DELAY_MS } from '../wire/limits.ts';
import { ArrivalSpread } from './arrival-spread.ts';
import { DeliveryRate } from './delivery-rate.ts';
import { IdleProbe } from './idle-probe.ts';
import { LinkDoubt } from './link-doubt.ts';
import { LossRate } from './loss-rate.ts';
import { Pacer, type PathState } from './pacer.ts';
import { PathMtu } from './path-mtu.ts';
import { PeerPath } from './peer-path.ts';
import { ReceivedRecords } from './received-records.ts';
import { RttEstimator } from './rtt.ts';
import { RECORD_OVERHEAD_BYTES, type SecureLink } from './secure-link.ts';
import { type SentRange, type SentRecord, SentRecords } from './sent-records.ts';
import { type RepeatPath, UrgentRepeats } from './urgent-repeats.ts';

/** A link is suspect when an acknowledgement is overdue by this, or three round trips if they are longer. */
const MIN_SUSPICION_MS = 1000;
/** The same before the first round trip is known. */
const FIRST_SUSPICION_MS = 3000;
/** Reordering that is no loss yet, in records and as a part of the round trip (RFC 9002 section 6.1). */
const LOSS_THRESHOLD_RECORDS = 3;
const LOSS_THRESHOLD_RTT = 9 / 8;
/** A probe timeout doubles this often at most. */
const MAX_PROBE_DOUBLINGS = 6;
/** ...and waits no longer than this. */
const MAX_PROBE_WAIT_MS = 10_000;
/** On datagrams a record is given up after this and four round trips, whatever is known: it must not take room for ever. */
const FORGET_MS = 2000;
/** A path that loses much is suspected later: most of what is silent on it was only lost. */
const MAX_SUSPICION_MS = 30_000;
/** A link is replaced beside itself after a day (PROTOCOL.md section 4 bounds its records). */
const MAX_AGE_MS = 86_400_000;
/** A timer that fires later than this tells of a busy or sleeping machine. */
const MAX_LATE_MS = 200;

/**
 * One link as its session sees it: what is on its way, how fast it is, and whether it can be trusted.
 *
 *   trusted --- acknowledgement overdue ---> suspect --- any acknowledgement ---> trusted
 *      |                                        |
 *      +--------- closed, reset, retired -------+---> gone
 */
export class SessionLink implements PathState, RepeatPath {
  readonly secure: SecureLink;
  readonly sent: SentRecords = new SentRecords();
  readonly received: ReceivedRecords = new ReceivedRecords();
  rtt: RttEstimator = new RttEstimator();
  rate: DeliveryRate = new DeliveryRate();
  pacer: Pacer = new Pacer(MIN_ACK_DELAY_MS);
  /** On datagrams. */
  mtu: PathMtu;
  readonly doubt: LinkDoubt = new LinkDoubt();
  /** On datagrams whose peer may move. */
  readonly peerPath: PeerPath | undefined;
  readonly loss: LossRate = new LossRate();
  /** Of the peer's records. */
  readonly incomingLoss: LossRate = new LossRate();
  readonly repeats: UrgentRepeats = new UrgentRepeats();
  /** Where it carries nothing and is kept warm. */
  readonly idleProbe: IdleProbe = new IdleProbe();
  /** Of all records, with their heads. */
  sentBytes = 0;
  /** Of all records, as they arrived. */
  receivedBytes = 0;
  /** Control frames that the next record must carry. */
  owesResume = true;
  owesPing = false;
  owesPrefer = false;
  isSuspect = false;
  /** Bytes of a stream have come over it, or were acknowledged on it: it was good for something. */
  hasCarried = false;
  /** Nothing is sent on it any more but acknowledgements; it ends when it is quiet. */
  retiredAtMs: number | undefined;
  readonly joinedAtMs: number;
  lastReceivedMs: number;
  lastSentMs: number;
  #spread = new ArrivalSpread();
  #probeDoublings = 0;
  #isWorn = false;
  /** On the paths that it had before. */
  #deliveredBefore = 0;
  /** Since when an acknowledgement is awaited without any progress. */
  #awaitingSinceMs: number | undefined;
  #wasPutOff = false;

  constructor(secure: SecureLink, nowMs: number) {
    this.secure = secure;
    this.joinedAtMs = nowMs;
    this.mtu = new PathMtu(secure.maxDatagramBytes);
    this.lastReceivedMs = nowMs;
    this.lastSentMs = nowMs;
    this.peerPath = secure.paths === undefined ? undefined : new PeerPath(secure.paths);
    if (secure.handshakeMs > 0) this.rtt.sample(nowMs, secure.handshakeMs, 0);
  }

  /**
   * True once, when it is time to replace the link beside itself: it has no rekey, and its numbers must not run out.
   * A client that could not calls `wearLater`.
   */
  wearsOut(nowMs: number): boolean {
    if (this.#isWorn || this.isRetired) return false;
    const records = Math.max(this.sent.next, this.received.next);
    this.#isWorn = nowMs - this.joinedAtMs >= MAX_AGE_MS || records >= MAX_RECORDS_PER_LINK / 2;
    return this.#isWorn;
  }

  wearLater(): void {
    this.#isWorn = false;
  }

  get isRetired(): boolean {
    return this.retiredAtMs !== undefined;
  }

  get id(): number {
    return this.secure.id;
  }

  /** Bytes of records that were acknowledged. */
  get deliveredBytes(): number {
    return this.#deliveredBefore + this.rate.delivered;
  }

  /** Bytes of records that were given up. */
  get lostBytes(): number {
    return this.sent.lostBytes;
  }

  /** `undefined` before a round trip is known. */
  get rttMs(): number | undefined {
    return this.rtt.smoothedMs;
  }

  get bytesPerMs(): number | undefined {
    return this.rate.bytesPerMs;
  }

  get minRttMs(): number | undefined {
    return this.rtt.minMs;
  }

  get round(): number {
    return this.rate.round;
  }

  get fullRounds(): number {
    return this.rate.fullRounds;
  }

  get rttVariationMs(): number {
    return this.rtt.variationMs;
  }

  get lossRate(): number {
    return this.loss.rate;
  }

  get lossBurstiness(): number {
    return this.loss.burstiness;
  }

  get awaitingSinceMs(): number {
    return this.#awaitingSinceMs ?? Number.POSITIVE_INFINITY;
  }

  get latestRttMs(): number {
    return this.rtt.latestMs;
  }

  get inFlightBytes(): number {
    return this.sent.inFlightBytes;
  }

  get recordTarget(): number {
    const target = this.pacer.recordTarget(this);
    if (this.secure.kind === 'bytes') return target;
    return this.secure.padBytes === undefined
      ? Math.min(target, this.mostPlainBytes)
      : this.mostPlainBytes;
  }

  /** What a record holds at the most on datagrams, in bytes before it is sealed. */
  get mostPlainBytes(): number {
    return (this.secure.padBytes ?? this.mtu.bytes) - RECORD_OVERHEAD_BYTES.datagrams;
  }

  /** How long a record is, before it is sealed, that shows whether larger datagrams arrive; `undefined`: that is not worth it now. */
  mtuProbeBytes(nowMs: number): number | undefined {
    if (this.secure.kind === 'bytes' || this.secure.padBytes !== undefined) return undefined;
    const bytes = this.mtu.probeBytes(nowMs, this.sent.inFlightBytes);
    return bytes === undefined ? undefined : bytes - RECORD_OVERHEAD_BYTES.datagrams;
  }

  /** Bytes that may be sent now, were there no pacing. */
  room(bulk: boolean, nowMs: number): number {
    return this.pacer.inFlightCap(this, bulk, nowMs) - this.sent.inFlightBytes;
  }

  /** Numbers and seals a record. */
  send(
    plaintext: Uint8Array,
    asksForAck: boolean,
    ranges: readonly SentRange[],
    nowMs: number,
  ): void {
    const bytes = plaintext.length + RECORD_OVERHEAD_BYTES[this.secure.kind];
    this.sentBytes += bytes;
    const mark = asksForAck ? this.rate.mark(nowMs, this.sent.inFlightBytes) : undefined;
    const number = this.sent.add(bytes, mark, ranges);
    const { paths } = this.secure;
    const other = this.peerPath?.alsoTo(bytes);
    if (paths === undefined || other === undefined) this.secure.seal(number, plaintext);
    else this.secure.sealTo([paths.current, other], number, plaintext);
    if (mark === undefined) return;
    this.pacer.sent(nowMs, bytes, this);
    this.lastSentMs = nowMs;
    this.#awaitingSinceMs ??= nowMs;
  }

  /** Asks a new address of the peer whether it hears. */
  ask(plaintext: Uint8Array, nowMs: number): void {
    const bytes = plaintext.length + RECORD_OVERHEAD_BYTES[this.secure.kind];
    const path = this.peerPath?.ask(this.sent.next, bytes, nowMs);
    if (path === undefined) return;
    this.sentBytes += bytes;
    const mark = this.rate.mark(nowMs, this.sent.inFlightBytes);
    this.secure.sealTo([path], this.sent.add(bytes, mark, []), plaintext);
    this.#awaitingSinceMs ??= nowMs;
  }

  /** The path is another one: nothing that was measured is true of it. */
  restartPath(): void {
    this.#deliveredBefore = this.deliveredBytes;
    this.rtt = new RttEstimator();
    this.rate = new DeliveryRate();
    this.pacer = new Pacer(MIN_ACK_DELAY_MS);
    this.mtu = new PathMtu(this.secure.maxDatagramBytes);
    this.#spread = new ArrivalSpread();
  }

  /** Takes an ACK; returns the records it acknowledged. */
  acknowledge(ranges: readonly AckRange[], delayMs: number, nowMs: number): readonly SentRecord[] {
    const before = this.sent.largestAcknowledged;
    const result = this.sent.acknowledge(ranges);
    this.loss.take(ranges);
    for (const { number, bytes } of result.records) this.mtu.acknowledged(number, bytes, nowMs);
    const { latest } = result;
    const longestMs = this.#longestSampleMs();
    // Also an answer to what has been given up, and sent over another link, says that this one is alive.
    if (latest !== undefined || this.sent.largestAcknowledged > before) this.#trust(nowMs);
    if (latest === undefined) return result.records;
    if (latest.number === this.sent.largestAcknowledged) {
      const elapsedMs = Math.min(nowMs - latest.mark.sentAtMs, longestMs);
      this.rtt.sample(nowMs, elapsedMs, delayMs);
    }
    this.rate.sample(nowMs, result.bytes, latest.mark);
    if (this.pacer.inStartup)
      this.#lookForTheEnd(latest.mark.sentAtMs, delayMs, result.bytes, nowMs);
    this.pacer.advance(this);
    this.#probeDoublings = 0;
    return result.records;
  }

  /** An ACK of ours has said that these have arrived. */
  acknowledged(ranges: readonly AckRange[]): void {
    this.received.acknowledged();
    if (this.secure.kind === 'datagrams') this.incomingLoss.take(ranges);
  }

  /** Of startup: the link is full when what was sent together arrives spread out. */
  #lookForTheEnd(sentMs: number, delayMs: number, bytes: number, nowMs: number): void {
    const arrivedMs = Math.max(sentMs, nowMs - delayMs);
    const bytesPerMs = this.#spread.add(arrivedMs, sentMs, bytes);
    if (bytesPerMs === undefined) return;
    this.rate.raise(bytesPerMs);
    this.pacer.endStartup();
  }

  /** An outage or a sleep is no round trip: its length must not make us wait so long for the next silence. */
  #longestSampleMs(): number {
    const expectedMs = LinkDoubt.expectedMs(this.rtt);
    const isOverdue = this.doubt.state === 'overdue' && expectedMs !== undefined;
    return 2 * (isOverdue ? expectedMs : this.suspicionMs);
  }

  #trust(nowMs: number): void {
    this.isSuspect = false;
    this.doubt.acknowledged(nowMs);
    this.#wasPutOff = false;
    this.#awaitingSinceMs = this.sent.inFlightBytes > 0 ? nowMs : undefined;
  }

  /** On datagrams: the records that later ones have overtaken for too long. */
  takeLost(nowMs: number): readonly SentRecord[] {
    if (this.secure.kind === 'bytes' || this.sent.inFlightBytes === 0) return [];
    const waitMs = this.#lossWaitMs();
    const { largestAcknowledged } = this.sent;
    const lost = this.sent.takeLost(
      (record) =>
        record.number + LOSS_THRESHOLD_RECORDS <= largestAcknowledged ||
        record.mark.sentAtMs + waitMs <= nowMs,
    );
    for (const { number, bytes } of lost) this.mtu.lost(number, bytes, nowMs);
    return lost;
  }

  /** On datagrams: the records of which nothing will be heard any more, but those whose copies are on their way. */
  takeForgotten(nowMs: number): readonly SentRecord[] {
    if (this.secure.kind === 'bytes' || this.sent.inFlightBytes === 0) return [];
    const beforeMs = nowMs - this.#forgetMs;
    const isCopied = ({ stream, end }: SentRange): boolean =>
      stream === 0 && this.repeats.hasRepeated(end, beforeMs);
    return this.sent.takeOlder(beforeMs).filter(({ ranges }) => !ranges.every(isCopied));
  }

  /** On datagrams: asks whether anything arrives, where nothing has been heard for too long. What was lost, the answer tells. */
  probeIfDue(nowMs: number): void {
    const dueMs = this.#probeDueMs();
    if (dueMs === undefined || dueMs > nowMs) return;
    this.#probeDoublings = Math.min(this.#probeDoublings + 1, MAX_PROBE_DOUBLINGS);
    this.owesPing = true;
  }

  /** When loss or silence on a datagram link must be looked at. */
  get lossDueMs(): number | undefined {
    const { oldest } = this.sent;
    if (this.secure.kind === 'bytes' || oldest === undefined) return undefined;
    const { sentAtMs } = oldest.mark;
    if (oldest.number < this.sent.largestAcknowledged) return sentAtMs + this.#lossWaitMs();
    return Math.min(this.#probeDueMs() ?? Number.POSITIVE_INFINITY, sentAtMs + this.#forgetMs + 1);
  }

  /** When another link had better carry instead, if one can; `undefined` while nothing is awaited. */
  get doubtDueMs(): number | undefined {
    return this.doubt.dueMs(this.sent.oldest?.mark.sentAtMs, this.rtt);
  }

  /** How long an acknowledgement may be overdue. */
  get suspicionMs(): number {
    const srtt = this.rtt.smoothedMs;
    if (srtt === undefined) return FIRST_SUSPICION_MS;
    const cleanMs = Math.max(3 * srtt, MIN_SUSPICION_MS);
    if (this.secure.kind === 'bytes') return cleanMs;
    const answered = (1 - this.loss.rate) * (1 - this.incomingLoss.rate);
    return Math.max(cleanMs, Math.min(cleanMs / answered, MAX_SUSPICION_MS));
  }

  /** When the link becomes suspect unless something is acknowledged; `undefined` when nothing is awaited. */
  get suspectDueMs(): number | undefined {
    if (this.isSuspect || this.#awaitingSinceMs === undefined) return undefined;
    return this.#awaitingSinceMs + this.suspicionMs;
  }

  /**
   * Whether the link must be suspected now. A look that comes more than 200 ms late is put off once:
   * the machine slept or was busy, which says nothing of the network.
   */
  isOverdue(nowMs: number, lateMs: number): boolean {
    const dueMs = this.suspectDueMs;
    if (dueMs === undefined || dueMs > nowMs) return false;
    if (lateMs > MAX_LATE_MS && !this.#wasPutOff) {
      this.#wasPutOff = true;
      this.#awaitingSinceMs = nowMs;
      return false;
    }
    return true;
  }

  /** For a message to the log. */
  describe(): string {
    return `link ${this.id} (${this.secure.label})`;
  }

  get #forgetMs(): number {
    return FORGET_MS + 4 * (this.rtt.smoothedMs ?? 0);
  }

  #lossWaitMs(): number {
    return LOSS_THRESHOLD_RTT * Math.max(this.rtt.smoothedMs ?? 0, this.rtt.latestMs, 1);
  }

  #probeDueMs(): number | undefined {
    const { oldest } = this.sent;
    if (this.secure.kind === 'bytes' || oldest === undefined) return undefined;
    const srtt = this.rtt.smoothedMs;
    const base =
      srtt === undefined
        ? MIN_SUSPICION_MS / 2
        : srtt + 4 * this.rtt.variationMs + MAX_ACK_DELAY_MS;
    // Whatever was sent asks as well as a probe does.
    return this.lastSentMs + Math.min(base * 2 ** this.#probeDoublings, MAX_PROBE_WAIT_MS);
  }
}

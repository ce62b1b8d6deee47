import type { Clock } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import type { DatagramPath } from '../link/carrier.ts';
import { decodeFrames } from '../wire/decode-frames.ts';
import type { AckRange, FrameHandler, ResumeEntry } from '../wire/frames.ts';
import type { Brought } from './received-records.ts';
import type { Session } from './session.ts';
import type { SessionLink } from './session-link.ts';

/** Takes the frames that arrive on one link, for its session. */
export class RecordHandler implements FrameHandler {
  readonly #session: Session;
  readonly #link: SessionLink;
  readonly #clock: Clock;
  #stream = 0;
  #brought: Brought = 'nothing';
  #toldMs = Number.NEGATIVE_INFINITY;
  readonly #deliver = (bytes: Uint8Array): void => {
    if (this.#session.isOver) return;
    try {
      this.#session.source?.receive(this.#stream, bytes);
    } catch (thrown) {
      // Whatever scope it claims: these bytes were delivered, and will not be again.
      this.#session.sourceFailed(thrown);
    }
  };

  constructor(session: Session, link: SessionLink, clock: Clock) {
    this.#session = session;
    this.#link = link;
    this.#clock = clock;
  }

  /** Throws an EtError whose scope says what it ends. */
  receive(
    number: number,
    plaintext: Uint8Array,
    sealedBytes: number,
    from: DatagramPath | undefined,
  ): void {
    const { received, rtt } = this.#link;
    if (!received.isFresh(number)) return;
    const nowMs = this.#clock.now();
    this.#link.lastReceivedMs = nowMs;
    this.#brought = 'nothing';
    const asks = decodeFrames(plaintext, this);
    if (asks) this.#session.noteTraffic();
    this.#link.receivedBytes += sealedBytes;
    if (from !== undefined) this.#hear(from, number, sealedBytes);
    const brought = asks && this.#brought === 'nothing' ? 'something' : this.#brought;
    received.add(number, sealedBytes, brought, nowMs, rtt.minMs);
  }

  #hear(from: DatagramPath, number: number, bytes: number): void {
    const { peerPath, received } = this.#link;
    peerPath?.heard(from, number >= received.next, bytes);
    if (peerPath?.isSettled === false) this.#session.wake();
  }

  onPing(): void {
    // Its record asks for an acknowledgement, which is the answer.
  }

  onStream(stream: number, offset: number, bytes: Uint8Array): void {
    if (stream === 0) this.#session.noteUrgent();
    this.#stream = stream;
    const reader = this.#session.readers[stream];
    if (reader !== undefined && offset + bytes.length <= reader.next) {
      const isCopy = this.#link.secure.kind === 'datagrams' && this.#brought === 'nothing';
      if (isCopy) this.#brought = 'copies';
      this.#tellWhatIsHere();
    } else {
      this.#brought = stream === 0 || this.#brought === 'urgent' ? 'urgent' : 'something';
      this.#link.hasCarried = true;
    }
    reader?.place(offset, bytes, this.#deliver);
  }

  /**
   * The peer sends again what has come over another link, whose acknowledgements it has lost: it is told before it
   * sends more of that, once per round trip.
   */
  #tellWhatIsHere(): void {
    const nowMs = this.#clock.now();
    const { links } = this.#session;
    if (links.count < 2 || nowMs - this.#toldMs < (this.#link.rttMs ?? 0)) return;
    this.#toldMs = nowMs;
    this.#link.owesResume = true;
    this.#session.wake();
  }

  onAck(linkId: number, delayMicros: number, ranges: readonly AckRange[]): void {
    const link = this.#session.links.get(linkId);
    if (link === undefined) return;
    const wasSuspect = link.isSuspect;
    const nowMs = this.#clock.now();
    const records = link.acknowledge(ranges, delayMicros / 1000, nowMs);
    for (const record of records) {
      if (record.ranges.length > 0) link.hasCarried = true;
      this.#session.doubts.acknowledge(link, record);
      const moved = link.peerPath?.acknowledged(record.number) ?? 'not';
      if (moved !== 'not') this.#session.moved(link, moved);
    }
    this.#session.requeue(link, link.takeLost(nowMs));
    if (records.length > 0) this.#session.wake();
    if (wasSuspect && !link.isSuspect) this.#session.revived(link);
  }

  onResume(entries: readonly ResumeEntry[]): void {
    for (const { stream, next, ranges } of entries) {
      const writer = this.#session.writers[stream];
      const end = ranges[ranges.length - 1]?.end ?? next;
      if (writer === undefined || end > writer.next) {
        throw new EtError(
          'ET_ERR_RESUME',
          `stream ${stream}: peer claims ${end}, sent ${writer?.next ?? 0}`,
        );
      }
      writer.acknowledge(0, next);
      for (const range of ranges) writer.acknowledge(range.start, range.end);
    }
    this.#session.wake();
  }

  onDatagram(channel: number, id: number, index: number, count: number, bytes: Uint8Array): void {
    if (this.#session.isOver) return;
    try {
      this.#session.source?.receiveDatagram?.(channel, id, index, count, bytes);
    } catch (thrown) {
      this.#session.sourceFailed(thrown);
    }
  }

  onPrefer(linkId: number): void {
    if (this.#session.role !== 'server' || this.#session.links.get(linkId) === undefined) return;
    this.#session.links.prefer(linkId);
    this.#session.wake();
  }

  onBye(code: number, text: string): void {
    this.#session.endedByPeer(code, text);
  }
}

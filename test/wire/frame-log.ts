import { toHex } from '../../src/base/bytes.ts';
import type { FrameWriter } from '../../src/wire/frame-writer.ts';
import type { AckRange, FrameHandler, ResumeEntry } from '../../src/wire/frames.ts';
import { hex } from '../support/hex.ts';

/** A frame as the vectors write it: name, numbers, bytes in hexadecimal. */
export type LoggedFrame = readonly [string, ...unknown[]];

/** Writes down what a record says. */
export class FrameLog implements FrameHandler {
  readonly frames: LoggedFrame[] = [];

  onPing(): void {
    this.frames.push(['ping']);
  }

  onStream(stream: number, offset: number, bytes: Uint8Array): void {
    this.frames.push(['stream', stream, offset, toHex(bytes)]);
  }

  onAck(link: number, delayMicros: number, ranges: readonly AckRange[]): void {
    this.frames.push(['ack', link, delayMicros, ranges.map((r) => [r.smallest, r.largest])]);
  }

  onResume(entries: readonly ResumeEntry[]): void {
    const plain = entries.map((e) => [e.stream, e.next, e.ranges.map((r) => [r.start, r.end])]);
    this.frames.push(['resume', plain]);
  }

  onDatagram(channel: number, id: number, index: number, count: number, bytes: Uint8Array): void {
    this.frames.push(['datagram', channel, id, index, count, toHex(bytes)]);
  }

  onPrefer(link: number): void {
    this.frames.push(['prefer', link]);
  }

  onBye(code: number, text: string): void {
    this.frames.push(['bye', code, text]);
  }
}

type Pair = readonly [number, number];

/** Writes a logged frame again; false when it does not fit. */
export function writeFrame(writer: FrameWriter, frame: LoggedFrame): boolean {
  const [name, ...rest] = frame;
  const [a, b, c, d, e] = rest as number[];
  switch (name) {
    case 'ping':
      return writer.ping();
    case 'stream':
      return writer.stream(Number(a), Number(b), hex(String(c)));
    case 'ack': {
      const ranges = (rest[2] as Pair[]).map(([smallest, largest]) => ({ smallest, largest }));
      return writer.ack(Number(a), Number(b), ranges);
    }
    case 'resume': {
      const entries = (rest[0] as [number, number, Pair[]][]).map(([stream, next, ranges]) => ({
        stream,
        next,
        ranges: ranges.map(([start, end]) => ({ start, end })),
      }));
      return writer.resume(entries);
    }
    case 'datagram':
      return writer.datagram(Number(a), Number(b), Number(c), Number(d), hex(String(e)));
    case 'prefer':
      return writer.prefer(Number(a));
    case 'bye':
      return writer.bye(Number(a), String(b));
    default:
      throw new Error(`no frame ${name}`);
  }
}

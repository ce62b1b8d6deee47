import { messageOf } from '../base/errors.ts';
import type { Channel, ChannelEvents, IncomingOpen } from '../mux/channel.ts';
import type { TerminalLog } from '../terminal/terminal-log.ts';

const PIECE_BYTES = 65_536;

/** Gives out what is kept of a terminal's output, as it was when it was asked for. */
export class HistoryChannel implements ChannelEvents {
  readonly #log: TerminalLog;
  readonly #channel: Channel;
  readonly #end: number;
  #cursor: number;

  /** `since` in the metadata: the offset to begin at; without it, or where that is forgotten, the oldest byte there is. */
  constructor(incoming: IncomingOpen, log: TerminalLog) {
    this.#log = log;
    const { since } = incoming.metadata;
    const from = typeof since === 'number' && Number.isSafeInteger(since) ? since : 0;
    this.#end = log.end;
    this.#cursor = Math.min(Math.max(from, log.start), log.end);
    const metadata = { from: this.#cursor, end: this.#end };
    this.#channel = incoming.accept(metadata, this, { priority: 'bulk' });
    this.#pump();
  }

  onData(bytes: Uint8Array): void {
    this.#channel.consumed(bytes.length);
  }

  onDrain(): void {
    this.#pump();
  }

  #pump(): void {
    let hasRoom = this.#channel.isOpen;
    while (hasRoom && this.#cursor < this.#end) hasRoom = this.#showPiece();
    if (this.#cursor >= this.#end) this.#channel.end();
  }

  #showPiece(): boolean {
    const forgotten = this.#log.start - this.#cursor;
    if (forgotten > 0) {
      this.#channel.note({ skipped: forgotten });
      this.#cursor = this.#log.start;
    }
    try {
      const most = Math.min(PIECE_BYTES, this.#end - this.#cursor);
      const bytes = this.#log.read(this.#cursor, most);
      this.#cursor += bytes.length;
      return this.#channel.write(bytes);
    } catch (error) {
      const from = this.#cursor;
      this.#cursor = Math.min(this.#log.damagedEnd(from), this.#end);
      this.#channel.note({ skipped: this.#cursor - from, warning: messageOf(error) });
      return true;
    }
  }
}

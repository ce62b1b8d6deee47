import { EtError } from '../base/errors.ts';
import { encodeRefuse, encodeReset } from '../wire/encode-message.ts';
import { MAX_CHANNELS } from '../wire/limits.ts';
import { type JsonObject, type MessageHandler, REASON } from '../wire/messages.ts';
import type { ChannelTable } from './channel-table.ts';
import type { MuxChannel } from './mux-channel.ts';
import type { OpenLimit } from './open-limit.ts';

/** What judging the messages of a stream needs of the mux. */
export interface InboundHost {
  readonly table: ChannelTable;
  /** The peer's unanswered OPENs. */
  readonly peerOpens: OpenLimit;
  countLate(): void;
  /** Sends a message that belongs to no channel here. */
  reply(message: Uint8Array): void;
  admit(id: number, kind: string, credit: number, metadata: JsonObject): void;
}

/** The messages of one stream, brought to their channels. What it throws ends the session. */
export class StreamInbound implements MessageHandler {
  readonly #stream: number;
  readonly #host: InboundHost;

  constructor(stream: number, host: InboundHost) {
    this.#stream = stream;
    this.#host = host;
  }

  onOpen(id: number, kind: string, credit: number, metadata: JsonObject): void {
    const { table, peerOpens } = this.#host;
    if (!table.enterPeerId(id, this.#stream)) {
      this.#refuseRepeated(id);
    } else if (table.size >= MAX_CHANNELS || !peerOpens.hasRoom) {
      const text = `${table.size} channels, ${peerOpens.count} unanswered`;
      this.#host.reply(encodeRefuse(id, REASON.limit, text));
    } else {
      this.#host.admit(id, kind, credit, metadata);
    }
  }

  onAccept(id: number, credit: number, metadata: JsonObject): void {
    this.#find(id)?.receiveAccept(credit, metadata);
  }

  onRefuse(id: number, code: number, text: string): void {
    this.#find(id)?.receiveRefuse({ code, text });
  }

  onData(id: number, bytes: Uint8Array): void {
    this.#find(id)?.receiveData(bytes);
  }

  onCredit(id: number, limit: number): void {
    this.#find(id)?.receiveCredit(limit);
  }

  onEof(id: number): void {
    this.#find(id)?.receiveEof();
  }

  onNote(id: number, body: JsonObject, bodyBytes: number): void {
    this.#find(id)?.receiveNote(body, bodyBytes);
  }

  onReset(id: number, code: number, text: string): void {
    const channel = this.#host.table.get(id);
    // Of a channel that is not here a RESET asks for nothing, whatever came before.
    if (channel === undefined) this.#host.countLate();
    else channel.receiveReset({ code, text });
  }

  #refuseRepeated(id: number): void {
    const text = 'opened twice';
    const channel = this.#host.table.get(id);
    if (channel === undefined) {
      this.#host.reply(encodeReset(id, REASON.protocol, text));
    } else {
      channel.violate({ code: REASON.protocol, text });
    }
  }

  #find(id: number): MuxChannel | undefined {
    const channel = this.#host.table.get(id);
    if (channel === undefined) {
      if (!this.#host.table.hasBeen(id, this.#stream)) {
        throw new EtError('ET_ERR_MESSAGE', `a message for channel ${id}, which was never opened`);
      }
      this.#host.countLate();
      return undefined;
    }
    if (channel.stream === this.#stream) return channel;
    channel.violate({ code: REASON.protocol, text: 'a message on another stream' });
    return undefined;
  }
}

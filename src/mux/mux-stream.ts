import { MessageDecoder } from '../wire/message-decoder.ts';
import type { OpenLimit } from './open-limit.ts';
import { Replies } from './replies.ts';
import { StreamScheduler } from './scheduler.ts';
import { PeerCreditSum } from './send-credit.ts';
import { type InboundHost, StreamInbound } from './stream-inbound.ts';

/** One stream of the session at this end: what goes out, what comes in, what the peer has granted on it. */
export class MuxStream {
  readonly scheduler: StreamScheduler;
  readonly decoder: MessageDecoder;
  readonly creditSum: PeerCreditSum = new PeerCreditSum();
  readonly #replies = new Replies();

  constructor(stream: number, ourOpens: OpenLimit, host: InboundHost) {
    this.scheduler = new StreamScheduler(ourOpens);
    this.decoder = new MessageDecoder(new StreamInbound(stream, host));
  }

  /** Queues a message that belongs to no channel here. Throws ET_ERR_MESSAGE when the peer does not read them. */
  reply(message: Uint8Array): void {
    this.#replies.push(message);
    this.scheduler.addControl(this.#replies.node);
  }
}

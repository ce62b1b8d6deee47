import { EtError } from '../base/errors.ts';
import type { JsonObject } from '../wire/messages.ts';
import type { Channel, ChannelEvents, ChannelOptions, IncomingOpen } from './channel.ts';
import type { MuxChannel } from './mux-channel.ts';

/** A channel that the peer asks for, as `events.onOpen` sees it. */
export class IncomingChannel implements IncomingOpen {
  readonly metadata: JsonObject;
  readonly #channel: MuxChannel;
  #isAnswered = false;

  constructor(channel: MuxChannel, metadata: JsonObject) {
    this.#channel = channel;
    this.metadata = metadata;
  }

  get id(): number {
    return this.#channel.id;
  }

  get kind(): string {
    return this.#channel.kind;
  }

  get stream(): number {
    return this.#channel.stream;
  }

  get isCancelled(): boolean {
    return !this.#isAnswered && !this.#channel.isIncoming;
  }

  accept(metadata: JsonObject, events: ChannelEvents, options: ChannelOptions): Channel {
    this.#checkUnanswered();
    this.#channel.accept(metadata, events, options);
    this.#isAnswered = true;
    return this.#channel;
  }

  refuse(code: number, text: string): void {
    this.#checkUnanswered();
    this.#isAnswered = true;
    this.#channel.refuse(code, text);
  }

  #checkUnanswered(): void {
    if (this.#isAnswered) throw new EtError('ET_ERR_STATE', `open ${this.id} is answered already`);
  }
}

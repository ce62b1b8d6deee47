import { messageOf } from '../base/errors.ts';
import type { Channel, ChannelEvents, IncomingOpen } from '../mux/channel.ts';
import { REASON } from '../wire/messages.ts';
import { type ListenPlace, listenPlaceToJson } from './endpoint.ts';

/** What listens, for connections or for datagrams. */
export interface FarPlace {
  /** With the port that was chosen, once it listens. */
  readonly place: ListenPlace;
  listen(): Promise<void>;
  /** What came in lives on, if it can. */
  close(): Promise<void> | void;
}

export interface FarListeningEvents {
  /** Why it may not listen there, asked again once the system has chosen a port. */
  objectionTo(place: ListenPlace): string | undefined;
  /** Once: it listens no more, or never did. */
  onOver(): void;
}

/**
 * The channel of kind `listen` by which the other end has something listen here: it lives as long as the listener does.
 *
 *   starting --listens--> listening --EOF or end of the channel--> over       starting --cannot, may not--> over
 *
 * Between any two calls: `isListening` is true if and only if the other end has been told so. What comes in before that is for nobody,
 * as the policy has not been asked about a port that was chosen.
 */
export class FarListening implements ChannelEvents {
  readonly #incoming: IncomingOpen;
  readonly #listener: FarPlace;
  readonly #events: FarListeningEvents;
  #channel: Channel | undefined;
  #isOver = false;

  constructor(incoming: IncomingOpen, listener: FarPlace, events: FarListeningEvents) {
    this.#incoming = incoming;
    this.#listener = listener;
    this.#events = events;
    listener.listen().then(
      () => this.#started(),
      (error: unknown) => this.#refuse(REASON.failed, messageOf(error)),
    );
  }

  get isListening(): boolean {
    return this.#channel !== undefined && !this.#isOver;
  }

  onData(bytes: Uint8Array): void {
    this.#channel?.consumed(bytes.length);
  }

  onEof(): void {
    this.#channel?.end();
    this.close();
  }

  onClose(): void {
    this.close();
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    Promise.resolve(this.#listener.close()).catch(() => undefined);
    this.#events.onOver();
  }

  #started(): void {
    if (this.#isOver || this.#incoming.isCancelled) {
      this.close();
      return;
    }
    const { place } = this.#listener;
    const objection = place.kind === 'tcp' ? this.#events.objectionTo(place) : undefined;
    if (objection !== undefined) this.#refuse(REASON.notPermitted, objection);
    else
      this.#channel = this.#incoming.accept(listenPlaceToJson(place), this, {
        priority: 'control',
      });
  }

  #refuse(code: number, text: string): void {
    if (this.#isOver) return;
    this.close();
    if (!this.#incoming.isCancelled) this.#incoming.refuse(code, text);
  }
}

import { messageOf } from '../base/errors.ts';
import type { Channel, ChannelReason, IncomingOpen } from '../mux/channel.ts';
import type { JsonObject } from '../wire/messages.ts';
import { type ListenPlace, listenPlaceFromJson, listenPlaceToJson } from './endpoint.ts';
import {
  FORWARD_STREAM,
  type Forward,
  type ForwardEvents,
  type ForwardSession,
  type ForwardState,
} from './forward.ts';
import { ForwardCounters } from './forward-counters.ts';
import type { ForwardSpec } from './forward-spec.ts';

/** Does what a forward is for with a connection that came in at the far side. */
export type ServeIncoming = (
  session: ForwardSession,
  incoming: IncomingOpen,
  counters: ForwardCounters,
) => void;

/** A forward that listens at the far side, anew in each session. */
export class RemoteForward implements Forward {
  readonly spec: ForwardSpec;
  readonly counters: ForwardCounters;
  readonly #events: ForwardEvents;
  readonly #serve: ServeIncoming;
  readonly #extra: JsonObject;
  #place: ListenPlace;
  #state: ForwardState = 'starting';
  #channel: Channel | undefined;
  #unserve: () => void = () => undefined;

  /** `extra` is added to what the far side is asked. */
  constructor(
    spec: ForwardSpec,
    serve: ServeIncoming,
    events: ForwardEvents,
    extra: JsonObject = {},
  ) {
    this.spec = spec;
    this.#place = spec.listen;
    this.#serve = serve;
    this.#events = events;
    this.#extra = extra;
    this.counters = new ForwardCounters((text) => events.onRefused(this, text));
  }

  get state(): ForwardState {
    return this.#state;
  }

  get place(): ListenPlace {
    return this.#place;
  }

  start(): void {
    // The far side listens, once there is a session.
  }

  attach(session: ForwardSession): void {
    if (this.#state === 'closed') return;
    const isVariable = this.spec.listen.kind === 'variable';
    this.#state = 'starting';
    // What a channel of an earlier session has to say is about that one.
    const isCurrent = (): boolean => this.#channel === channel;
    let channel: Channel | undefined;
    try {
      channel = session.mux.open(
        {
          kind: 'listen',
          // A port that was chosen once is asked for again: others know it by now.
          metadata: {
            ...listenPlaceToJson(isVariable ? this.spec.listen : this.#place),
            ...this.#extra,
          },
          stream: isVariable ? session.workStream : FORWARD_STREAM,
          priority: 'control',
        },
        {
          onData: (bytes) => channel?.consumed(bytes.length),
          onAccept: (metadata) => {
            if (isCurrent()) this.#listening(metadata);
          },
          onRefuse: (_error, reason) => {
            if (isCurrent()) this.#failed(reason);
          },
          onReset: ({ scope }, reason) => {
            // What ends with its session has not failed: it is asked for again in the next.
            if (isCurrent() && scope === 'channel') this.#failed(reason);
          },
        },
      );
      this.#channel = channel;
      this.#unserve = session.serve('forwarded', channel.id, (incoming) =>
        this.#serve(session, incoming, this.counters),
      );
    } catch (error) {
      this.#failed({ code: 0, text: messageOf(error) });
    }
  }

  detach(): void {
    this.#channel = undefined;
    this.#unserve();
    if (this.#state === 'listening') this.#state = 'starting';
  }

  close(): void {
    this.#state = 'closed';
    this.#channel?.end();
    // What is on its way from there is refused; it would come from a listener that is closing.
    this.#unserve();
  }

  #listening(metadata: JsonObject): void {
    if (this.#state === 'closed') return;
    try {
      this.#place = this.#placeOf(metadata);
    } catch (error) {
      this.#channel?.end();
      this.#failed({ code: 0, text: messageOf(error) });
      return;
    }
    this.#state = 'listening';
    this.#events.onListening(this);
  }

  /** What the far side may choose is the port, and the path of a variable. */
  #placeOf(metadata: JsonObject): ListenPlace {
    const { listen } = this.spec;
    const told = listenPlaceFromJson(metadata);
    return listen.kind === 'tcp' && told.kind === 'tcp' ? { ...listen, port: told.port } : listen;
  }

  #failed(reason: ChannelReason): void {
    if (this.#state === 'closed' || this.#state === 'failed') return;
    this.#state = 'failed';
    this.counters.lastError = reason.text;
    this.#events.onFailed(this, reason.text);
  }
}

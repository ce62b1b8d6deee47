import { messageOf } from '../base/errors.ts';
import type {
  Channel,
  ChannelEvents,
  ChannelOptions,
  IncomingOpen,
  OpenRequest,
} from '../mux/channel.ts';
import { acceptChannel, COMPRESSED, openChannel, wantsCompression } from '../mux/compression.ts';
import type { Mux } from '../mux/mux.ts';
import { REASON } from '../wire/messages.ts';

/** So many are compressed at a time, and the next are not: one that speaks both ways takes a quarter of a MiB at each end. */
export const MAX_COMPRESSED = 256;
/** So many are accepted. More than the other end opens, which may have forgotten what here is still on its way. */
const MAX_COMPRESSED_HERE: number = 4 * MAX_COMPRESSED;

/** Opens and accepts the channels of connections at one end of a session, compressed where that is wanted. */
export class ConnectionChannels {
  readonly #mux: Mux;
  readonly #isCompressed: boolean;
  #compressedCount = 0;
  readonly #onClosed = (): void => {
    this.#compressedCount -= 1;
  };

  /** `isCompressed`: what is opened here, unless it is said of each. */
  constructor(mux: Mux, isCompressed: boolean) {
    this.#mux = mux;
    this.#isCompressed = isCompressed;
  }

  /** Throws as `Mux.open`. */
  open(
    request: OpenRequest,
    events: ChannelEvents,
    isCompressed: boolean = this.#isCompressed,
  ): Channel {
    if (!isCompressed || this.#compressedCount >= MAX_COMPRESSED)
      return this.#mux.open(request, events);
    const metadata = { ...request.metadata, ...COMPRESSED };
    const channel = openChannel(this.#mux, { ...request, metadata }, events, this.#onClosed);
    this.#compressedCount += 1;
    return channel;
  }

  /** Refuses what asks for a compression that is not known, or is one too many; true when it has. */
  refuses(incoming: IncomingOpen): boolean {
    try {
      if (!wantsCompression(incoming.metadata)) return false;
    } catch (error) {
      incoming.refuse(REASON.protocol, messageOf(error));
      return true;
    }
    if (this.#compressedCount < MAX_COMPRESSED_HERE) return false;
    incoming.refuse(REASON.limit, `${MAX_COMPRESSED_HERE} compressed connections are open there`);
    return true;
  }

  /** Of one that `refuses` has let pass. */
  accept(incoming: IncomingOpen, events: ChannelEvents, options: ChannelOptions): Channel {
    const channel = acceptChannel(incoming, {}, events, options, this.#onClosed);
    if (wantsCompression(incoming.metadata)) this.#compressedCount += 1;
    return channel;
  }
}

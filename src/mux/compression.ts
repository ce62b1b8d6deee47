import { EtError } from '../base/errors.ts';
import type { JsonObject } from '../wire/messages.ts';
import type {
  Channel,
  ChannelEvents,
  ChannelOptions,
  IncomingOpen,
  OpenRequest,
} from './channel.ts';
import { CompressedChannel } from './compressed-channel.ts';

/** The member of an OPEN's metadata that has the channel compressed both ways, and its only value. */
const MEMBER = 'compression';
const DEFLATE = 'deflate';

/** What an OPEN says to have its channel compressed. */
export const COMPRESSED: JsonObject = { [MEMBER]: DEFLATE };

/**
 * Whether an OPEN wants its channel compressed.
 *
 * @throws {EtError} ET_ERR_CHANNEL_METADATA where it is to be done in a way that is not known.
 */
export function wantsCompression(metadata: JsonObject): boolean {
  const wanted = metadata[MEMBER];
  if (wanted === undefined) return false;
  if (wanted === DEFLATE) return true;
  throw new EtError('ET_ERR_CHANNEL_METADATA', `a compression other than ${DEFLATE}`);
}

/** Opens a channel, compressed if its metadata says so; `onClosed` is for one that is. */
export function openChannel(
  mux: { open(request: OpenRequest, events: ChannelEvents): Channel },
  request: OpenRequest,
  events: ChannelEvents,
  onClosed?: () => void,
): Channel {
  return wantsCompression(request.metadata)
    ? new CompressedChannel(events, (inner) => mux.open(request, inner), onClosed)
    : mux.open(request, events);
}

/**
 * Accepts a channel, compressed if its OPEN says so; `onClosed` is for one that is.
 *
 * @throws {EtError} ET_ERR_CHANNEL_METADATA as `wantsCompression` does; it is then still to be answered.
 */
export function acceptChannel(
  incoming: IncomingOpen,
  metadata: JsonObject,
  events: ChannelEvents,
  options: ChannelOptions,
  onClosed?: () => void,
): Channel {
  return wantsCompression(incoming.metadata)
    ? new CompressedChannel(events, (inner) => incoming.accept(metadata, inner, options), onClosed)
    : incoming.accept(metadata, events, options);
}

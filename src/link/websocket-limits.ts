import type { ClientOptions, ServerOptions } from 'ws';

/**
 * The longest message either end sends or takes, in bytes: a full record and its length. A longer one ends the link.
 * PROTOCOL.md section 4 has it.
 */
export const MAX_WEBSOCKET_MESSAGE_BYTES: number = 64 * 1024;

/** Memory that a peer can make us hold for a message that is not whole: the library keeps an object for each of these. */
const MAX_FRAGMENTS = 256;
const MAX_CHUNKS = 8192;

type WebSocketOptions = Pick<
  ClientOptions & ServerOptions,
  | 'perMessageDeflate'
  | 'maxPayload'
  | 'maxFragments'
  | 'maxBufferedChunks'
  | 'skipUTF8Validation'
  | 'autoPong'
>;

/** How either end speaks, as the library `ws` takes it. */
export const WEBSOCKET_OPTIONS: Readonly<WebSocketOptions> = {
  /** What we send is encrypted, and does not shrink. */
  perMessageDeflate: false,
  maxPayload: MAX_WEBSOCKET_MESSAGE_BYTES,
  maxFragments: MAX_FRAGMENTS,
  maxBufferedChunks: MAX_CHUNKS,
  /** Text ends a link, whatever it says. */
  skipUTF8Validation: true,
  /** `answerPings` does it, and bounds what waits. */
  autoPong: false,
};

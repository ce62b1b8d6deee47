import { toHex } from '../../src/base/bytes.ts';
import type { Channel, IncomingOpen } from '../../src/mux/channel.ts';

/** A channel that was accepted, and what it has received. */
export interface ChannelLog {
  readonly incoming: IncomingOpen;
  readonly channel: Channel;
  received: string;
}

/** Accepts what is asked for, and takes whatever comes. */
export function logIncoming(incoming: IncomingOpen): ChannelLog {
  const channel = incoming.accept(
    { of: incoming.kind },
    {
      onData: (bytes) => {
        log.received += toHex(bytes);
        channel.consumed(bytes.length);
      },
    },
    { priority: 'terminal' },
  );
  const log: ChannelLog = { incoming, channel, received: '' };
  return log;
}

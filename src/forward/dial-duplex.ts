import { messageOf } from '../base/errors.ts';
import { ChannelDuplex } from '../mux/channel-duplex.ts';
import { REASON } from '../wire/messages.ts';
import type { Question } from './connections.ts';
import { type Endpoint, endpointToJson } from './endpoint.ts';
import { FORWARD_STREAM, type ForwardSession } from './forward.ts';
import type { ForwardCounters } from './forward-counters.ts';
import { TunnelRefusal } from './tunnel-refusal.ts';

/** What the far side is asked for a target of its own. */
export function questionFor(target: Endpoint): Question {
  return {
    kind: 'tcp',
    metadata: endpointToJson(target),
    stream: FORWARD_STREAM,
    priority: 'forward',
  };
}

/** A target that the far side reaches, as a stream of Node's. Rejects with a TunnelRefusal. */
export function dialDuplex(
  session: ForwardSession,
  target: Endpoint,
  counters: ForwardCounters,
): Promise<ChannelDuplex> {
  return new Promise((resolve, reject) => {
    let isAccepted = false;
    const duplex = new ChannelDuplex((bytes) => {
      counters.bytesOut += bytes;
    });
    // Until it is accepted, its failure is told by the promise.
    duplex.once('error', () => undefined);
    const refuse = (code: number, text: string): void => {
      counters.refuse(text);
      reject(new TunnelRefusal(code, text));
    };
    try {
      const channel = session.connections.channels.open(questionFor(target), {
        onData: (bytes) => {
          counters.bytesIn += bytes.length;
          duplex.onData(bytes);
        },
        onEof: () => duplex.onEof(),
        onDrain: () => duplex.onDrain(),
        onReset: (error) => duplex.onReset(error),
        onAccept: () => {
          isAccepted = true;
          counters.waiting -= 1;
          counters.open += 1;
          resolve(duplex);
        },
        onRefuse: (error, reason) => {
          duplex.onRefuse(error);
          refuse(reason.code, reason.text);
        },
        onClose: () => {
          if (isAccepted) counters.open -= 1;
          else counters.waiting -= 1;
          // Where the session has ended before there was an answer.
          reject(new TunnelRefusal(REASON.failed, 'the session has ended'));
        },
      });
      counters.waiting += 1;
      duplex.attach(channel);
    } catch (error) {
      refuse(REASON.failed, messageOf(error));
    }
  });
}

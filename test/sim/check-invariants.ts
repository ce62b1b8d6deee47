import type { Session } from '../../src/backed/session.ts';
import { CreditPool } from '../../src/mux/credit-pool.ts';
import type { Mux } from '../../src/mux/mux.ts';
import {
  MAX_IN_FLIGHT_BYTES,
  MAX_LINKS,
  MAX_REASSEMBLY_BYTES,
  MAX_STREAMS,
} from '../../src/wire/limits.ts';

/** One end of a session with what rides on it. */
interface Side {
  readonly session: Session;
  readonly mux: Mux;
}

/** What must hold at any moment between the two ends of one session; says what does not. */
export function checkInvariants(client: Side, server: Side): string | undefined {
  return (
    checkBounds('client', client) ??
    checkBounds('server', server) ??
    checkStreams('client to server', client.session, server.session) ??
    checkStreams('server to client', server.session, client.session)
  );
}

function checkBounds(name: string, { session, mux }: Side): string | undefined {
  const { count } = session.links;
  if (count > MAX_LINKS) return `${name}: ${count} links`;
  if (mux.reservedBytes < 0 || mux.reservedBytes > CreditPool.CAPACITY_BYTES) {
    return `${name}: ${mux.reservedBytes} bytes of credit reserved`;
  }
  for (const link of session.links) {
    const { inFlightBytes } = link.sent;
    if (inFlightBytes < 0) return `${name}: ${inFlightBytes} bytes in flight on link ${link.id}`;
    if (link.secure.queuedBytes > MAX_IN_FLIGHT_BYTES) {
      return `${name}: ${link.secure.queuedBytes} bytes queued on link ${link.id}`;
    }
  }
  return undefined;
}

function checkStreams(name: string, sender: Session, receiver: Session): string | undefined {
  for (let stream = 0; stream < MAX_STREAMS; stream += 1) {
    const writer = sender.writers[stream];
    const reader = receiver.readers[stream];
    if (writer === undefined || reader === undefined) continue;
    const where = `${name}, stream ${stream}`;
    if (writer.acknowledged > reader.next) {
      return `${where}: acknowledged ${writer.acknowledged}, arrived ${reader.next}`;
    }
    if (reader.next > writer.next) return `${where}: arrived ${reader.next}, sent ${writer.next}`;
    // What is held out of order has not been acknowledged in order, so it is retained as well.
    if (reader.heldBytes > writer.next - reader.next) {
      return `${where}: ${reader.heldBytes} bytes held, ${writer.next - reader.next} outstanding`;
    }
    if (writer.retainedBytes > MAX_REASSEMBLY_BYTES) {
      return `${where}: ${writer.retainedBytes} bytes retained`;
    }
    if (writer.lostBytes > writer.retainedBytes) return `${where}: more lost than retained`;
  }
  return undefined;
}

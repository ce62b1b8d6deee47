import type { Session } from '../../src/backed/session.ts';

/** The state of one end of a session, for whoever looks into a failure. */
export function describeSession(name: string, session: Session, nowMs: number): string[] {
  const lines = [`${name}: ${session.isOver ? 'over' : 'open'}, ready ${session.source?.ready}`];
  for (const link of session.links) {
    const { sent, rtt, bytesPerMs } = link;
    const flags = `${link.isSuspect ? ' suspect' : ''}${link.isRetired ? ' retired' : ''}`;
    const owes = `${link.owesResume ? ' resume' : ''}${link.owesPing ? ' ping' : ''}`;
    lines.push(
      `  ${link.describe()}${flags}: ${sent.inFlightBytes} in flight, next ${sent.next}, ` +
        `room ${link.room(false, nowMs)}/${link.room(true, nowMs)}, ${bytesPerMs?.toFixed(1)} bytes/ms, ` +
        `rtt ${rtt.smoothedMs?.toFixed(1)}, least ${rtt.minMs?.toFixed(1)}, owes${owes}, ` +
        `ack due ${link.received.ackDueMs?.toFixed(1)}, ${link.secure.queuedBytes} queued`,
    );
  }
  session.writers.forEach((writer, stream) => {
    const reader = session.readers[stream];
    if (writer.next === 0 && reader?.hasReceived !== true) return;
    lines.push(
      `  stream ${stream}: sent ${writer.acknowledged}..${writer.next}, ${writer.lostBytes} lost, ` +
        `received ${reader?.next}, ${reader?.heldBytes} held`,
    );
  });
  return lines;
}

import type { SentRecord } from './sent-records.ts';
import type { Session } from './session.ts';
import type { SessionLink } from './session-link.ts';

/** What was on its way over `link` in these records is lost, or owed once more. */
export function markLost(
  { writers, role, links }: Session,
  link: SessionLink,
  records: readonly SentRecord[],
): void {
  for (const { number, ranges } of records) {
    for (const { stream, start, end } of ranges) {
      // What a doubt has sent over another link is that link's to lose.
      if (!link.doubt.isHedged(number, stream)) writers[stream]?.lost(start, end);
    }
    // A record of control frames alone says what is owed; on datagrams another has said it, or the link's probes will.
    if (ranges.length === 0 && link.secure.kind === 'bytes') link.owesPing = true;
    if (number === 0) link.owesResume = true;
  }
  // A PREFER may have been among them; it costs two bytes to say it again, and with one link nothing is said by it.
  const hasChoice = role === 'client' && links.count > 1;
  if (records.length > 0 && hasChoice && link.id === links.preferredId) link.owesPrefer = true;
}

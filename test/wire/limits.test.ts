import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { MAX_WEBSOCKET_MESSAGE_BYTES, WEBSOCKET_OPTIONS } from '../../src/link/websocket-limits.ts';
import { FRAME } from '../../src/wire/frames.ts';
import * as limits from '../../src/wire/limits.ts';
import { MESSAGE, REASON } from '../../src/wire/messages.ts';

const protocol = readFileSync(new URL('../../PROTOCOL.md', import.meta.url), 'utf8').replaceAll(
  /\s+/gu,
  ' ',
);

/** The one sentence or table cell that says it, with `#` for each number. */
const CLAIMS: readonly (readonly [string, readonly number[]])[] = [
  ['The Everterm protocol, version #', [limits.PROTOCOL_VERSION]],
  ['a value above 2^#-1 is an error', [Math.log2(limits.MAX_NUMBER + 1)]],
  [
    'envelope version # byte, # session id # bytes',
    [1, limits.ENVELOPE_VERSION, limits.SESSION_ID_BYTES],
  ],
  ['instance # bytes, drawn by', [limits.INSTANCE_ID_BYTES]],
  ['root secret # bytes, or zeros', [limits.SECRET_BYTES]],
  ['SHA-256(route secret)[0..#]', [limits.ROUTE_ID_BYTES]],
  [
    'exactly # bytes long on byte carriers and # on datagrams',
    [limits.HANDSHAKE_BYTES.bytes, limits.HANDSHAKE_BYTES.datagrams],
  ],
  ['another length, # to # bytes, and says', [limits.MIN_PAD_BYTES, limits.MAX_PAD_BYTES]],
  ['00 00`, # ms after its last byte', [limits.REFUSED_AFTER_MS]],
  ['a window of the # below it', [limits.DIAL_WINDOW]],
  [
    'At most # handshakes are half open at a time, each for at most # s',
    [limits.MAX_HALF_OPEN_HANDSHAKES, limits.HANDSHAKE_TIMEOUT_MS / 1000],
  ],
  ['A server serves at most # instances', [limits.MAX_INSTANCES]],
  [
    '`length` counts ciphertext and tag: # .. #',
    [1 + limits.TAG_BYTES, limits.MAX_RECORD_BYTES + limits.TAG_BYTES],
  ],
  ['length, u# | ciphertext | tag, #', [8 * limits.RECORD_LENGTH_BYTES, limits.TAG_BYTES]],
  ['A message has at most # bytes, in at most', [MAX_WEBSOCKET_MESSAGE_BYTES]],
  ['bytes, in at most # frames', [WEBSOCKET_OPTIONS.maxFragments ?? 0]],
  ['`link id || number u# || ciphertext || tag`', [8 * limits.RECORD_NUMBER_BYTES]],
  ['The link id is the first # bytes of the handshake hash', [limits.LINK_ID_BYTES]],
  ['before its numbers reach 2^#', [Math.log2(limits.MAX_RECORDS_PER_LINK)]],
  ['a sequence of frames, at most # bytes and at least one', [limits.MAX_RECORD_BYTES]],
  ['STREAM | stream varint (#..#)', [0, limits.MAX_STREAMS - 1]],
  ['range count varint (#..#), largest varint', [1, limits.MAX_ACK_RANGES]],
  ['RESUME | stream count varint (#..#)', [0, limits.MAX_STREAMS]],
  ['next varint, range count varint (#..#)', [0, limits.MAX_RESUME_RANGES]],
  ['count varint (#..#), length varint, bytes. index < count', [1, limits.MAX_DATAGRAM_PIECES]],
  ['BYE | code varint, text length varint (<= #)', [limits.MAX_BYE_TEXT_BYTES]],
  ['Bytes more than # MiB beyond `next` are a link error', [limits.MAX_REASSEMBLY_BYTES / 2 ** 20]],
  ['has at most # MiB of a stream unacknowledged', [limits.MAX_REASSEMBLY_BYTES / 2 ** 20]],
  [
    'A datagram is at most # MiB long and is delivered whole or not at all: a receiver forgets one that is not whole after # s',
    [limits.MAX_DATAGRAM_BYTES / 2 ** 20, limits.DATAGRAM_REASSEMBLY_MS / 1000],
  ],
  ['A session has at most # links', [limits.MAX_LINKS]],
  ['and at most # notes', [limits.MAX_EARLY_NOTES]],
  [
    'due min(# ms, minimum RTT / 8), but at least # ms',
    [limits.MAX_ACK_DELAY_MS, limits.MIN_ACK_DELAY_MS],
  ],
  ['at once when # KiB wait for it', [limits.ACK_AT_ONCE_BYTES / 1024]],
  ['OPEN | kind length varint (#..#)', [1, limits.MAX_KIND_BYTES]],
  ['metadata length varint (<= #), metadata: a JSON object', [limits.MAX_METADATA_BYTES]],
  ['REFUSE | code varint, text length varint (<= #)', [limits.MAX_REASON_BYTES]],
  ['RESET | code varint, text length varint (<= #)', [limits.MAX_REASON_BYTES]],
  ['DATA | length varint (#..#)', [1, limits.MAX_DATA_BYTES]],
  ['NOTE | length varint (#..#)', [1, limits.MAX_NOTE_BYTES]],
  ['Before ACCEPT the opener may send # bytes', [limits.MAX_EARLY_DATA_BYTES]],
  ['not seen consumed is at most # MiB', [limits.MAX_CREDIT_SUM_BYTES / 2 ** 20]],
  ['# unanswered OPENs, # channels', [limits.MAX_UNANSWERED_OPENS, limits.MAX_CHANNELS]],
  [
    'inflates to no more than # times its length and # bytes',
    [limits.MAX_INFLATE_RATIO, limits.MAX_INFLATE_EXCESS_BYTES],
  ],
  ["of the client's DATA (at most # MiB)", [limits.MAX_FIRST_DATA_BYTES / 2 ** 20]],
  ['metadata: `{"count": n}`, n within #..#', [1, limits.MAX_ROUTES_ASKED]],
  ['A server gives out # at a time', [limits.MAX_LIVE_ROUTES]],
  [
    'A line is at most # bytes long, without its line feed, and has at most # secrets',
    [limits.MAX_ROUTER_LINE, limits.MAX_SECRETS_PER_LINE],
  ],
  ['shown within # s by a connection', [limits.DIAL_BACK_MS / 1000]],
  [
    'At most # connections have proved nothing, each for at most # s',
    [limits.MAX_UNPROVEN, limits.UNPROVEN_MS / 1000],
  ],
  ['route id, at most # a second for each', [limits.MAX_HELLOS_PER_SECOND]],
  ['one of at most # bytes that begins with a link id', [limits.MAX_ROUTED_DATAGRAM_BYTES]],
  ['a datagram of more than # bytes, and a link id', [limits.MAX_ROUTED_DATAGRAM_BYTES]],
  ['same stream within the last # s', [limits.WAY_LIFE_MS / 1000]],
  [
    'at most # ways of a stream that it was asked to send by, and # others',
    [limits.MAX_WAYS, limits.MAX_WAYS],
  ],
  ['A stream has at most #.', [limits.MAX_ROUTED_LINK_IDS]],
  ['datagrams that find # KiB waiting are lost', [limits.MAX_WAITING_FRAME_BYTES / 1024]],
  ['| EVTJ | # | length |', [limits.JUMP_VERSION]],
  ['A router listens on TCP port #', [limits.ROUTER_PORT]],
];

test.each(CLAIMS)('PROTOCOL.md says the number of limits.ts: %s', (claim, numbers) => {
  const pattern = claim
    .split('#')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/gu, '\\$&'))
    .join('([\\d,]+)');
  const found = new RegExp(pattern, 'u').exec(protocol);
  expect(found?.slice(1).map((digits) => Number(digits.replaceAll(',', '')))).toEqual(numbers);
});

test('PROTOCOL.md and the code give frames, messages and reasons the same numbers', () => {
  const rows = [...protocol.matchAll(/\| (0x[0-9a-f]{2}) \| ([A-Z]+) \|/gu)].map((row) => {
    return [String(row[2]).toLowerCase(), Number(row[1])];
  });
  expect(rows).toEqual([...Object.entries(FRAME), ...Object.entries(MESSAGE)]);
  const table = protocol.slice(protocol.indexOf('| code | reason |'), protocol.indexOf('## 8'));
  const reasons = [...table.matchAll(/\| (\d+) \| ([^|]+) \|/gu)].map((row) => Number(row[1]));
  expect(reasons).toEqual(Object.values(REASON));
});

test('the refusal that PROTOCOL.md prints is the one that is sent', () => {
  const printed = /`((?:[0-9a-f]{2} ){7}[0-9a-f]{2})`/u.exec(protocol)?.[1];
  expect(printed?.replaceAll(' ', '')).toBe(toHex(limits.REFUSED));
});

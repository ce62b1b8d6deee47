/** Every number of the protocol, in one place. PROTOCOL.md lists the same ones; a test compares the two. */

/** The protocol this code speaks. The bootstrap offers a range and chooses one. */
export const PROTOCOL_VERSION = 1;

/** The largest number on the wire: what a double counts exactly. */
export const MAX_NUMBER: number = Number.MAX_SAFE_INTEGER;

// -- Hello and handshake (PROTOCOL.md section 3) --
export const HELLO_MAGIC: Uint8Array = Uint8Array.of(0x45, 0x56, 0x54, 0x4d); // "EVTM"
export const ENVELOPE_VERSION = 1;
export const ROUTE_ID_BYTES = 16;
export const SESSION_ID_BYTES = 16;
export const INSTANCE_ID_BYTES = 16;
export const SECRET_BYTES = 32;
/** Both handshake messages are this long, so that a path that swallows large packets never completes one. */
export const HANDSHAKE_BYTES = { bytes: 1400, datagrams: 1200 } as const;
/** A client may have every datagram of a link, these messages too, of one length within these bounds. */
export const MIN_PAD_BYTES = 256;
export const MAX_PAD_BYTES = 1400;
/** What every hello that does not authenticate gets on a byte carrier, whatever the reason. */
export const REFUSED: Uint8Array = Uint8Array.of(0x45, 0x56, 0x54, 0x4d, 0x01, 0xff, 0x00, 0x00);
export const REFUSED_AFTER_MS = 50;
export const MAX_HALF_OPEN_HANDSHAKES = 8;
export const HANDSHAKE_TIMEOUT_MS = 10_000;
export const DIAL_WINDOW = 64;
/** Client processes that one session server serves at a time. */
export const MAX_INSTANCES = 16;

// -- Records (section 4) --
export const RECORD_LENGTH_BYTES = 2;
export const RECORD_NUMBER_BYTES = 4;
/** Names the link in each of its datagrams, in both directions. The first two bits are ones. */
export const LINK_ID_BYTES = 8;
export const LINK_ID_BITS = 0xc0;
export const TAG_BYTES = 16;
export const MAX_RECORD_BYTES = 61_440;
export const MIN_RECORD_TARGET_BYTES = 1024;
/** A link is replaced beside itself before its record numbers reach this. */
export const MAX_RECORDS_PER_LINK: number = 2 ** 32;

// -- Frames (section 5) --
export const MAX_STREAMS = 8;
export const MAX_ACK_RANGES = 256;
export const MAX_RESUME_RANGES = 64;
export const MAX_BYE_TEXT_BYTES = 256;
export const MAX_LINKS = 16;
/** Room for bytes of a stream that arrived before their predecessors. */
export const MAX_REASSEMBLY_BYTES: number = 32 * 1024 * 1024;
export const MAX_DATAGRAM_BYTES: number = 1024 * 1024;
/** Pieces of one datagram. */
export const MAX_DATAGRAM_PIECES = 65_536;
export const DATAGRAM_REASSEMBLY_MS = 1000;

// -- Acknowledgements and flow on a link (section 6) --
export const MAX_ACK_DELAY_MS = 25;
export const MIN_ACK_DELAY_MS = 2;
export const ACK_AT_ONCE_BYTES: number = 256 * 1024;
export const MAX_IN_FLIGHT_BYTES: number = 16 * 1024 * 1024;

// -- Mux (section 7) --
export const MAX_KIND_BYTES = 32;
export const MAX_METADATA_BYTES = 4096;
export const MAX_NOTE_BYTES = 1024;
export const MAX_REASON_BYTES = 1024;
export const MAX_EARLY_DATA_BYTES: number = 8 * 1024;
/** Notes that may come before the answer to an OPEN. */
export const MAX_EARLY_NOTES = 64;
export const MAX_UNANSWERED_OPENS = 256;
export const MAX_CHANNELS = 16_384;
/** Largest body of one DATA message; senders choose far smaller ones on slow links. */
export const MAX_DATA_BYTES = 61_440;
/** The sum of credit granted and not yet used, over all channels of a session. */
export const MAX_CREDIT_SUM_BYTES: number = 64 * 1024 * 1024;
export const INITIAL_CREDIT_BYTES: number = 64 * 1024;
export const MAX_CHANNEL_CREDIT_BYTES: number = 16 * 1024 * 1024;
export const MAX_FIRST_DATA_BYTES: number = 1024 * 1024;

// -- Compression (section 8) --
/** A stretch of a deflate stream inflates to at most so many times its length... */
export const MAX_INFLATE_RATIO = 64;
/** ...and so many bytes more: a reader knows a bomb from a stream before it has made much of it. */
export const MAX_INFLATE_EXCESS_BYTES: number = 128 * 1024;

// -- Router (section 9) --
/** One line of JSON between a session server and its router, in characters. */
export const MAX_ROUTER_LINE = 4096;
/** Secrets in one line. */
export const MAX_SECRETS_PER_LINE = 32;
/** A session server that is asked to dial has so long to show the token. */
export const DIAL_BACK_MS = 5000;
/** A connection to the registration socket has so long to say what it is for, and to prove whose it is. */
export const UNPROVEN_MS = 5000;
export const MAX_UNPROVEN = 256;
/** A datagram that a router hands on, in bytes; larger ones are nobody's. */
export const MAX_ROUTED_DATAGRAM_BYTES = 16_384;
/** Hellos in datagrams that are judged, or handed on, for one session server. */
export const MAX_HELLOS_PER_SECOND = 2000;
/** Of frames between a router and a session server; with more that waits, datagrams are lost. */
export const MAX_WAITING_FRAME_BYTES: number = 256 * 1024;
/** A router sends a session server's datagrams only where it has heard something for it within this. */
export const WAY_LIFE_MS = 60_000;
/** Ways that a router remembers for one session server: of those it has answered, and of the others. */
export const MAX_WAYS = 256;
/** Link ids that one session server has registered at a time. */
export const MAX_ROUTED_LINK_IDS = 512;
export const JUMP_MAGIC: Uint8Array = Uint8Array.of(0x45, 0x56, 0x54, 0x4a); // "EVTJ"
export const JUMP_VERSION = 1;
/** Where a router listens unless it is told otherwise. */
export const ROUTER_PORT = 2022;
/** Route ids that one `routes` channel may ask for, and those that one session server has at a time. */
export const MAX_ROUTES_ASKED = 8;
export const MAX_LIVE_ROUTES = 64;

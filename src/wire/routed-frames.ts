import { textOf, utf8, viewOf } from '../base/bytes.ts';
import { LINK_ID_BYTES, MAX_ROUTED_DATAGRAM_BYTES } from './limits.ts';
import { hasLinkId } from './link-id.ts';

/**
 * What a router and a session server say to each other about datagrams, in PROTOCOL.md section 9:
 *
 *   0        2        3                 7           9       10
 *   +--------+--------+-----------------+-----------+-------+---------+-------+--------+---------- - -
 *   | length |  0x01  |  way u32        |  largest  | count | label   | count | host   | datagram      to the server
 *   +--------+--------+-----------------+-----------+-------+---------+-------+--------+---------- - -
 *   | length |  0x01  |  way u32        | datagram                                                   to the router
 *   +--------+--------+-----------------+---- - -
 *   | length |  0x02  |  link id, 8     |  is registered                                             to the router
 *   | length |  0x03  |  link id, 8     |  is so no longer                                           to the router
 *   +--------+--------+-----------------+
 *
 * `length` is a u16 and counts what is behind it. A codec here is given a frame without its length.
 */
const FRAME = { datagram: 1, register: 2, unregister: 3 } as const;

const WAY_AT = 1;
const ANSWER_AT = 5;
const LARGEST_AT = 5;
const TEXTS_AT = 7;
const MAX_TEXT_BYTES = 255;
/** The largest frame, without its length. */
export const MAX_ROUTED_FRAME_BYTES: number =
  TEXTS_AT + 2 * (1 + MAX_TEXT_BYTES) + MAX_ROUTED_DATAGRAM_BYTES;

/** A way by which a datagram has come to a router. */
export interface RoutedWay {
  /** Names it for the router, until the stream ends. */
  readonly number: number;
  /** The largest datagram worth trying that way, in bytes. */
  readonly largestBytes: number;
  /** For people; one way has one label. */
  readonly label: string;
  /** Ways with the same host differ by a port alone. */
  readonly host: string;
}

/** What a session server is told: a datagram, and the way it has come. */
export interface RoutedDatagram {
  readonly wayNumber: number;
  /** Says the rest of the way, for who does not know it yet. */
  readonly readWay: () => RoutedWay;
  readonly datagram: Uint8Array;
}

/** What a router is told. */
export type RouterOrder =
  | { readonly kind: 'send'; readonly way: number; readonly datagram: Uint8Array }
  | { readonly kind: 'register' | 'unregister'; readonly linkId: Uint8Array };

/** The head that each datagram of a way has on its way to the session server, without its length. */
export function encodeWay({ number, largestBytes, label, host }: RoutedWay): Uint8Array {
  const texts = [label, host].map((text) => utf8(text).subarray(0, MAX_TEXT_BYTES));
  const head = new Uint8Array(TEXTS_AT + texts.reduce((sum, { length }) => sum + 1 + length, 0));
  head[0] = FRAME.datagram;
  viewOf(head).setUint32(WAY_AT, number);
  viewOf(head).setUint16(LARGEST_AT, largestBytes);
  let at = TEXTS_AT;
  for (const text of texts) {
    head[at] = text.length;
    head.set(text, at + 1);
    at += 1 + text.length;
  }
  return head;
}

/** `undefined` when it is no frame for a session server. The datagram is a part of `frame`. */
export function decodeRoutedDatagram(frame: Uint8Array): RoutedDatagram | undefined {
  if (frame[0] !== FRAME.datagram || frame.length < TEXTS_AT) return undefined;
  const label = textAt(frame, TEXTS_AT);
  const host = label && textAt(frame, label.end);
  if (
    label === undefined ||
    host === undefined ||
    frame.length - host.end > MAX_ROUTED_DATAGRAM_BYTES
  )
    return undefined;
  const view = viewOf(frame);
  const wayNumber = view.getUint32(WAY_AT);
  const readWay = (): RoutedWay => ({
    number: wayNumber,
    largestBytes: view.getUint16(LARGEST_AT),
    label: textOf(label.text),
    host: textOf(host.text),
  });
  return { wayNumber, readWay, datagram: frame.subarray(host.end) };
}

/** The head of a datagram to be sent by way `way`, without its length. */
export function encodeSend(way: number): Uint8Array {
  const head = new Uint8Array(ANSWER_AT);
  head[0] = FRAME.datagram;
  viewOf(head).setUint32(WAY_AT, way);
  return head;
}

/** A whole frame, without its length, that registers `linkId`, or takes it back. */
export function encodeLinkId(linkId: Uint8Array, isRegistered: boolean): Uint8Array {
  const frame = new Uint8Array(1 + LINK_ID_BYTES);
  frame[0] = isRegistered ? FRAME.register : FRAME.unregister;
  frame.set(linkId, 1);
  return frame;
}

/** `undefined` when it is no frame for a router. What it says is a part of `frame`. */
export function decodeRouterOrder(frame: Uint8Array): RouterOrder | undefined {
  const rest = frame.subarray(1);
  if (frame[0] === FRAME.datagram) {
    const datagram = frame.subarray(ANSWER_AT);
    if (frame.length < ANSWER_AT || datagram.length > MAX_ROUTED_DATAGRAM_BYTES) return undefined;
    return { kind: 'send', way: viewOf(frame).getUint32(WAY_AT), datagram };
  }
  if (rest.length !== LINK_ID_BYTES || !hasLinkId(rest)) return undefined;
  if (frame[0] === FRAME.register) return { kind: 'register', linkId: rest };
  return frame[0] === FRAME.unregister ? { kind: 'unregister', linkId: rest } : undefined;
}

interface TextAt {
  readonly text: Uint8Array;
  readonly end: number;
}

function textAt(frame: Uint8Array, at: number): TextAt | undefined {
  const count = frame[at];
  if (count === undefined) return undefined;
  const end = at + 1 + count;
  return end > frame.length ? undefined : { text: frame.subarray(at + 1, end), end };
}

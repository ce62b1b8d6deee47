import type { EtError } from '../base/errors.ts';
import type { DatagramPiece } from '../wire/frames.ts';
import type { SessionLink } from './session-link.ts';

/** What a session carries: the mux, or anything that makes and takes the bytes of its streams. */
export interface SessionSource {
  /** Streams that have something to send, as a bit set. */
  readonly ready: number;
  /** Of these, the ones that have had less than their least share: a little of them goes first. */
  readonly overdue?: number;
  /** Writes the next bytes of `stream` into `target`; returns how many. */
  take(stream: number, target: Uint8Array): number;
  /** The next contiguous bytes of `stream`, valid until the call returns. */
  receive(stream: number, bytes: Uint8Array): void;
  /** Datagrams wait: what may be lost, and is sent once. */
  readonly isDatagramReady?: boolean;
  /** The next piece of a datagram that fits into `roomBytes` of a record, which holds `recordBytes` when it is empty. */
  takeDatagram?(roomBytes: number, recordBytes: number): DatagramPiece | undefined;
  /** A piece of a datagram, valid until the call returns; each comes once or not at all. */
  receiveDatagram?(
    channel: number,
    id: number,
    index: number,
    count: number,
    bytes: Uint8Array,
  ): void;
}

/** Why a session ended. */
export type SessionEnd =
  | {
      readonly kind: 'bye';
      readonly by: 'us' | 'peer';
      readonly code: number;
      readonly text: string;
    }
  | { readonly kind: 'failed'; readonly error: EtError };

/**
 * A link joined, was lost (an error may say why), turned suspect, was heard of again, has to be replaced (at the client);
 * or it was doubted where another one could carry, and is steady again.
 */
export type LinkEvent = 'joined' | 'lost' | 'suspect' | 'revived' | 'worn' | 'doubted' | 'steady';

export interface SessionEvents {
  onLink(event: LinkEvent, link: SessionLink, error?: EtError): void;
  /** All that was sent has been acknowledged, and the source has nothing ready; may come again. */
  onQuiet?(): void;
  /** Once, and nothing after it. */
  onEnd(end: SessionEnd): void;
}

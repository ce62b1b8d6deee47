import type { EtError } from '../base/errors.ts';

/** What a carrier tells its owner. Bytes passed up are valid until the call returns. */
export interface CarrierEvents {
  /** Some bytes in order, or exactly one datagram. */
  onBytes(bytes: Uint8Array): void;
  /** Once, and nothing after it; `undefined` when the peer ended the carrier in an orderly way. */
  onClose(error: EtError | undefined): void;
}

/**
 * One transport connection or socket, without keys.
 *
 *   made --start--> open --onClose--> closed (final)
 *
 * Bytes that arrive before `start` wait. After `close` or `reset` no event follows.
 */
export interface Carrier {
  readonly kind: 'bytes' | 'datagrams';
  /** For people: `tcp 10.0.0.5:60000`, `ssh-stdio host`. */
  readonly label: string;
  /** The address at this end, where the system names one; a link is suspect once it is gone. */
  readonly localAddress: string | undefined;
  start(events: CarrierEvents): void;
  /** Sends the pieces in order (on datagrams: as one datagram). The caller gives them up: they are freed once sent. */
  write(pieces: readonly Uint8Array[]): void;
  /** Bytes handed in that the kernel has not taken. */
  readonly queuedBytes: number;
  /** Sends what was handed in, then ends. */
  close(): void;
  /** Ends at once. What the kernel holds is dropped where the system allows (a TCP reset). */
  reset(): void;
}

/** Makes a carrier. `signal` abandons the attempt, and leaves nothing behind. Rejects with an EtError of scope link. */
export type Dial = (signal: AbortSignal) => Promise<Carrier>;

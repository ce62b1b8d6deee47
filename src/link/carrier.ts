import type { EtError } from '../base/errors.ts';

/** One way that datagrams come and go: an address of the peer's, seen from one socket of ours. */
export interface DatagramPath {
  /** For people, and one way has one label: `udp 10.0.0.5:60000`. */
  readonly label: string;
  /** Ways with the same host differ by a port alone: a translator of addresses has forgotten one. */
  readonly host: string;
}

/** What a carrier tells its owner. Bytes passed up are valid until the call returns. */
export interface CarrierEvents {
  /** Some bytes in order, or exactly one datagram, and on carriers with `paths` the way that it came. */
  onBytes(bytes: Uint8Array, from?: DatagramPath): void;
  /** Once, and nothing after it; `undefined` when the peer ended the carrier in an orderly way. */
  onClose(error: EtError | undefined): void;
}

/** The ways of a datagram carrier whose peer may move. The owner alone knows what is authentic, and moves it. */
export interface CarrierPaths {
  /** Where `write` sends. */
  readonly current: DatagramPath;
  use(path: DatagramPath): void;
  /** Sends one datagram another way. The caller may reuse the bytes. */
  sendTo(path: DatagramPath, datagram: Uint8Array): void;
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
  /** On datagrams: how large one may be that is worth trying, in bytes; 1,200 where it is not said. */
  readonly maxDatagramBytes?: number | undefined;
  /** On datagrams, at the end whose peer may move. */
  readonly paths?: CarrierPaths | undefined;
  /** On datagrams that share a socket: those that begin with `linkId` (8 bytes) are this carrier's, wherever they come from. */
  identify?(linkId: Uint8Array): void;
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

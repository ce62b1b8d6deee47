/** A way by which a datagram has come to a router, and by which an answer goes from the socket that has heard it. */
export interface DatagramWay {
  /** For people, and one way has one label: `udp 10.0.0.5:60000`. */
  readonly label: string;
  /** Ways with the same host differ by a port alone. */
  readonly host: string;
  /** The largest datagram worth trying that way, in bytes; 1,200 where it is not said. */
  readonly maxDatagramBytes?: number | undefined;
  /** Sends the pieces, which the caller gives up, as one datagram. */
  send(pieces: readonly Uint8Array[]): void;
}

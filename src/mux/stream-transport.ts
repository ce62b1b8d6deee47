/** What the mux needs of whatever carries its streams: a session, or any ordered pair of byte pipes. */
export interface StreamTransport {
  /**
   * Says that a stream has come to have something. Not called for what comes to be ready during `take`: after a `take` the
   * transport looks at `ready` again, whatever it returned. Must not call `receive` before it returns.
   */
  wake(): void;
  /** How fast bytes leave now, in bytes per second, and the round trip in ms; credit windows grow by them. */
  readonly rate: { readonly bytesPerSecond: number; readonly rttMs: number } | undefined;
}

/** What the transport calls. Bytes get their place in the stream only here: late sequencing. */
export interface StreamSource {
  /** Streams that have something to send, as a bit set: bit n is stream n. */
  readonly ready: number;
  /**
   * Of these streams, those whose bulk has had less than its twentieth while other streams were served. A transport that
   * prefers low streams takes from these first; then a busy terminal does not starve bulk on another stream.
   */
  readonly overdue?: number;
  /** Writes whole messages of `stream` into `target`; returns the bytes written, 0 when nothing fits or waits. */
  take(stream: number, target: Uint8Array): number;
  /** The next contiguous bytes of `stream`, cut anywhere; valid until the call returns. */
  receive(stream: number, bytes: Uint8Array): void;
}

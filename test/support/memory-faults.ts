/** What one direction of a memory pair does to what is sent through it. Every field has a harmless default. */
export interface LinkFaults {
  /** One-way delay, in milliseconds. Default 0. */
  readonly delayMs?: number;
  /** Up to this much more, drawn for each piece, in milliseconds. Reorders datagrams, never bytes. Default 0. */
  readonly jitterMs?: number;
  /** How fast the line takes bytes, in bytes per second. Default Infinity. */
  readonly bytesPerSecond?: number;
  /**
   * Bytes that the kernel takes while the line is busy; what goes beyond counts as `queuedBytes`
   * (byte carriers) or is dropped (datagrams). Default 128 KiB.
   */
  readonly kernelBytes?: number;
  /** Bytes only: on a busy line they move on in steps of about this long, in milliseconds. Default 20. */
  readonly lineStepMs?: number;
  /** Bytes only: cut the pair once exactly this many have been delivered in this direction. Default never. */
  readonly cutAfterBytes?: number;
  /** Datagrams only, each a probability in [0, 1]. Defaults 0. */
  readonly loss?: number;
  /** Chances per datagram that a burst of loss begins, and that it ends (Gilbert): in a burst nothing arrives. */
  readonly burstEnter?: number;
  readonly burstLeave?: number;
  /** One bit of it is another. */
  readonly flip?: number;
  readonly duplicate?: number;
  readonly reorder?: number;
  /** Datagrams only: a larger one vanishes. Default 65,507. */
  readonly mtuBytes?: number;
}

export type FullLinkFaults = Required<LinkFaults>;

export const NO_FAULTS: FullLinkFaults = {
  delayMs: 0,
  jitterMs: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  kernelBytes: 128 * 1024,
  lineStepMs: 20,
  cutAfterBytes: Number.POSITIVE_INFINITY,
  loss: 0,
  burstEnter: 0,
  burstLeave: 1,
  flip: 0,
  duplicate: 0,
  reorder: 0,
  mtuBytes: 65_507,
};

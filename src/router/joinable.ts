import type { StreamSocketEvents } from '../link/stream-socket.ts';

/** One of two connections that are joined: a `StreamSocket`, or what stands for one. */
export interface Joinable {
  /** For people. */
  readonly label: string;
  /** Bytes that were written and that nobody has taken yet. */
  readonly queuedBytes: number;
  /** May be called again: what comes from then on is told to these. */
  start(events: StreamSocketEvents): void;
  pause(): void;
  resume(): void;
  /** Copies what it does not hand on at once. */
  write(bytes: Uint8Array): void;
  end(): void;
  reset(): void;
}

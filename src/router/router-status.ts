import type { DatagramCounters } from './datagram-exchange.ts';
import type { RouterLimits } from './router-limits.ts';

/** What `etserver router --status` tells: counts alone, nothing of who and where. */
export interface RouterStatus {
  readonly version: string;
  readonly port: number;
  readonly uptimeSeconds: number;
  /** Session servers that are registered, and their route ids. */
  readonly servers: number;
  readonly routes: number;
  /** Connections that are joined to a session server or to another router. */
  readonly links: number;
  /** Connections that have not said a whole hello, or that wait for their session server. */
  readonly waiting: number;
  /** Of these, those whose session server may be about to come back. */
  readonly parked: number;
  /** Local connections that have not proved whose they are. */
  readonly unproven: number;
  /** Missing where none come. */
  readonly datagrams?: DatagramCounters;
  readonly limits: RouterLimits;
}

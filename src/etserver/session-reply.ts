import { type BootstrapReply, formatReply } from '../wire/bootstrap-reply.ts';

/** What does not change about a session, and every client learns. */
export interface SessionPlace {
  readonly protocol: number;
  readonly session: Uint8Array;
  readonly route: Uint8Array;
  /** The server's version. */
  readonly server: string;
  /** Empty: none. */
  readonly name: string;
  readonly isRouted: boolean;
  /** For clients on the same machine. */
  readonly socket: string | undefined;
}

/** Ports; 0: none. */
export interface OnPort {
  readonly port: number;
  readonly udpPort: number;
}

/** The reply to a client, whose passkey is wiped then. */
export function sessionReply(
  { protocol, session, route, server, name, isRouted, socket }: SessionPlace,
  { port, udpPort }: OnPort,
  passkey: Uint8Array,
  more: Partial<BootstrapReply>,
): string {
  const reply = formatReply({
    protocol,
    features: [],
    session,
    route,
    passkey,
    port,
    ...(udpPort > 0 && { udpPort }),
    server,
    ...(socket !== undefined && { addresses: [socket] }),
    ...(isRouted && { router: true }),
    ...(name !== '' && { name }),
    ...more,
  });
  passkey.fill(0);
  return reply;
}

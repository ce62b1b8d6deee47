import { usageError } from '../base/usage-error.ts';

/** Where a WebSocket is. */
export interface WebSocketUrl {
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: number;
  /** All of it, user, password and query included: never in a message or a log. */
  readonly href: string;
  /** For people: `wss://host/path`. */
  readonly shown: string;
}

/**
 * Reads `ws://HOST[:PORT][/PATH]` or `wss://...`.
 *
 * @throws {EtError} ET_ERR_USAGE
 */
export function parseWebSocketUrl(text: string): WebSocketUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSecure = url?.protocol === 'wss:';
  if (url === undefined || (!isSecure && url.protocol !== 'ws:')) {
    throw usageError('the address of a WebSocket is written wss://HOST/PATH or ws://HOST/PATH');
  }
  // A fragment is never sent (RFC 6455 section 3).
  url.hash = '';
  return {
    isSecure,
    host: url.hostname.replace(/^\[(.*)\]$/u, '$1'),
    port: Number(url.port || (isSecure ? 443 : 80)),
    href: url.href,
    shown: `${url.protocol}//${url.host}${url.pathname}`,
  };
}

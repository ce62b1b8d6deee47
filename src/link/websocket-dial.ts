import type { IncomingMessage } from 'node:http';
import type { ClientOptions, WebSocket } from 'ws';
import { messageOf, systemCodeOf } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import type { Carrier, Dial } from './carrier.ts';
import { attemptFailedBy, type DialAttempt, type DialFailureKind } from './dial-failure.ts';
import { type DialStepPlace, dialStep } from './dial-step.ts';
import { openTunnel, type TunnelDeps, type TunnelOptions } from './proxy-tunnel.ts';
import { startTls } from './start-tls.ts';
import type { TcpTarget } from './tcp-dial.ts';
import { WebSocketCarrier } from './websocket-carrier.ts';
import { WEBSOCKET_OPTIONS } from './websocket-limits.ts';
import { parseWebSocketUrl, type WebSocketUrl } from './websocket-url.ts';

export interface WebSocketDialOptions
  extends TunnelOptions,
    Pick<TcpTarget, 'localAddress' | 'family'> {}

/** The longest delay that a timer takes: the carrier has a grace of its own, which goes by progress. */
const NEVER_MS = 2 ** 31 - 1;
const MAX_LOCATION_CHARACTERS = 200;
const MAX_REASON_CHARACTERS = 80;

/** Answers of a web server that mean: what is behind it is not there. */
const KIND_OF_STATUS: Readonly<Record<number, DialFailureKind>> = {
  404: 'refused',
  502: 'refused',
  503: 'refused',
  504: 'timeout',
};

/**
 * A dial to a WebSocket, `ws://` or `wss://`. Its carrier is called `wss://host/path`. Rejects with a `DialFailure`:
 * `wss://host/path answered 502 Bad Gateway`. Redirects are not followed.
 *
 * @throws {EtError} ET_ERR_USAGE when `address` is none of a WebSocket
 */
export function webSocketDial(
  deps: TunnelDeps,
  address: string,
  options: WebSocketDialOptions = {},
): Dial {
  const url = parseWebSocketUrl(address);
  return (signal) => dial(deps, url, options, signal);
}

async function dial(
  deps: TunnelDeps,
  url: WebSocketUrl,
  options: WebSocketDialOptions,
  signal: AbortSignal,
): Promise<Carrier> {
  const library = await import('ws');
  const { proxy, ca, ...from } = options;
  const { host, port } = url;
  const open = await openTunnel(deps, { ...from, host, port }, { proxy, ca }, signal);
  const place = { clock: deps.clock, signal, socket: open.socket, target: url.shown };
  const socket = url.isSecure ? await startTls(place, { host, ca }) : open.socket;
  const label = proxy === undefined ? url.shown : `${url.shown} through ${proxy.label}`;
  return upgrade({ ...place, socket }, library.WebSocket, url, (webSocket) => {
    return new WebSocketCarrier(webSocket, deps.clock, { label, localAddress: open.localAddress });
  });
}

function upgrade(
  place: DialStepPlace,
  Library: typeof WebSocket,
  { href }: WebSocketUrl,
  own: (webSocket: WebSocket) => Carrier,
): Promise<Carrier> {
  return dialStep(place, ({ done, fail }) => {
    const options: ClientOptions & { closeTimeout: number } = {
      ...WEBSOCKET_OPTIONS,
      createConnection: () => place.socket,
      followRedirects: false,
      closeTimeout: NEVER_MS,
    };
    const webSocket = new Library(href, options);
    webSocket.on('error', (error) => fail(attemptOf(place.target, error)));
    webSocket.on('unexpected-response', (request, response) => {
      fail(answerOf(place.target, response));
      request.destroy();
    });
    webSocket.once('open', () => {
      webSocket.pause();
      done(own(webSocket));
    });
  });
}

/** What a web server said in place of an upgrade. */
function answerOf(target: string, response: IncomingMessage): DialAttempt {
  const { statusCode = 0, statusMessage = '', headers } = response;
  const reason = printable(statusMessage).slice(0, MAX_REASON_CHARACTERS);
  const answer = `answered ${statusCode} ${reason}`.trim();
  const location = headers.location?.split(/[?#]/u)[0];
  const isElsewhere = statusCode >= 300 && statusCode < 400 && location !== undefined;
  const shown = printable(location ?? '').slice(0, MAX_LOCATION_CHARACTERS);
  const what = isElsewhere ? `${answer}: it is at ${shown}; redirects are not followed` : answer;
  return { target, kind: KIND_OF_STATUS[statusCode] ?? 'other', what };
}

function attemptOf(target: string, error: Error): DialAttempt {
  const isNoHttp = systemCodeOf(error)?.startsWith('HPE_') === true;
  if (isNoHttp) {
    return { target, kind: 'other', what: 'does not answer as a web server does', cause: error };
  }
  const isSystem = /^E[A-Z]+$/u.test(systemCodeOf(error) ?? '');
  if (isSystem) return attemptFailedBy(target, error);
  const reason = printable(messageOf(error));
  return { target, kind: 'other', what: `failed: ${reason}`, cause: error };
}

import type { WebSocket } from 'ws';

/** While more than this waits to be sent, a ping goes unanswered, in bytes. */
const MOST_WAITING_BYTES: number = 64 * 1024;

/**
 * Answers pings, which proxies send to see whether anybody is there. RFC 6455 section 5.5.3 lets us answer only the latest: a peer
 * that pings and does not read costs nothing.
 */
export function answerPings(webSocket: WebSocket): void {
  webSocket.on('ping', (payload) => {
    const isAble = webSocket.readyState === webSocket.OPEN;
    if (isAble && webSocket.bufferedAmount < MOST_WAITING_BYTES) webSocket.pong(payload);
  });
}

import {
  INSTANCE_ID_BYTES,
  PROTOCOL_VERSION,
  ROUTE_ID_BYTES,
  SECRET_BYTES,
  SESSION_ID_BYTES,
} from '../wire/limits.ts';
import type { LinkCrypto } from '../wire/link-crypto.ts';

/**
 * One handshake and one record with itself, under a secret that protects nothing. OpenSSL looks its algorithms up at their first
 * use, and V8 compiles ours then, which takes as long as some round trips: better while the program waits for the network anyway.
 */
export function warmUp(crypto: LinkCrypto): void {
  const secret = new Uint8Array(SECRET_BYTES);
  const context = {
    sessionId: new Uint8Array(SESSION_ID_BYTES),
    protocol: PROTOCOL_VERSION,
    features: [],
    kind: 'bytes',
  } as const;
  const payload = { instance: new Uint8Array(INSTANCE_ID_BYTES), dialNumber: 1 };
  const client = crypto.startClient(
    context,
    new Uint8Array(ROUTE_ID_BYTES),
    'root',
    secret,
    payload,
  );
  const server = crypto.readHello(context, () => secret, client.hello)?.answer(secret);
  if (server === undefined) return;
  const keys = client.finish(server.answer)?.keys;
  const pieces: Uint8Array[] = [];
  server.keys.sealer.seal(0, secret, pieces);
  const [sealed] = pieces;
  if (sealed !== undefined) keys?.opener.open(0, sealed);
}

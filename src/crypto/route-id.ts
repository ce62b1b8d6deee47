import { createHash } from 'node:crypto';
import { ROUTE_ID_BYTES } from '../wire/limits.ts';
import { plainBytes } from './plain-bytes.ts';
import { requireSecret } from './secret.ts';

/** What a router sees: SHA-256(route secret)[0..16]. Whoever shows the secret may register the id. */
export function routeIdOf(routeSecret: Uint8Array): Uint8Array {
  const hash = createHash('sha256').update(requireSecret(routeSecret, 'a route secret')).digest();
  return plainBytes(hash).slice(0, ROUTE_ID_BYTES);
}

import { EtError } from '../base/errors.ts';
import { SECRET_BYTES } from '../wire/limits.ts';

/** Refuses a secret that could be guessed: all of ours are exactly 32 random bytes. `what` names it; its value is never shown. */
export function requireSecret(secret: Uint8Array, what: string): Uint8Array {
  if (secret.length === SECRET_BYTES) return secret;
  throw new EtError(
    'ET_ERR_USAGE',
    `${what} of ${secret.length} bytes: it must have ${SECRET_BYTES}`,
  );
}

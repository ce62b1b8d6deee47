/** What `etserver` prints on standard output for `et`, whatever the login shell printed before: PROTOCOL.md section 2. */

/** `etserver connect` has reached the session server; the link's bytes follow at once. */
export const CONNECT_MARKER = 'EVERTERM-CONNECT\n';

/** `etserver alive` knows: followed by ` alive` or ` gone`, and the line's end. */
export const ALIVE_MARKER = 'EVERTERM-ALIVE';

/** Of links whose keys were not made by a handshake. */
export const LINK_ID: Uint8Array = new Uint8Array(8).fill(0xc5);

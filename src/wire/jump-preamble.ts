import { strictTextOf, utf8 } from '../base/bytes.ts';
import { EtError } from '../base/errors.ts';
import { JUMP_MAGIC, JUMP_VERSION } from './limits.ts';

/**
 * What a client says to a jump host before its hello: where the hello is to go. PROTOCOL.md section 9.
 *
 *    0       4      5        6
 *   +-------+------+--------+- - - - - - - - - - - - -+
 *   | EVTJ  |  1   | length |  host:port, `length` bytes |
 *   +-------+------+--------+- - - - - - - - - - - - -+
 */
const LENGTH_AT = 5;
const TARGET_AT = 6;

export interface JumpTarget {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** `short`: more bytes are needed; `undefined`: it can be none. */
export type JumpPreamble = JumpTarget & { readonly lengthBytes: number };

/** @throws {EtError} ET_ERR_DIAL where the name is too long to be said */
export function encodeJumpPreamble({ host, port }: JumpTarget): Uint8Array {
  const target = utf8(host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
  if (target.length > 255) throw new EtError('ET_ERR_DIAL', `${host} is too long for a jump host`);
  const bytes = new Uint8Array(TARGET_AT + target.length);
  bytes.set(JUMP_MAGIC);
  bytes[JUMP_MAGIC.length] = JUMP_VERSION;
  bytes[LENGTH_AT] = target.length;
  bytes.set(target, TARGET_AT);
  return bytes;
}

/** Whether a preamble may begin with `prefix`, of any length. */
export function canBeJumpPreamble(prefix: Uint8Array): boolean {
  for (let i = 0; i < JUMP_MAGIC.length && i < prefix.length; i += 1) {
    if (prefix[i] !== JUMP_MAGIC[i]) return false;
  }
  return prefix.length <= JUMP_MAGIC.length || prefix[JUMP_MAGIC.length] === JUMP_VERSION;
}

/** Reads the preamble that `bytes` begin with. */
export function readJumpPreamble(bytes: Uint8Array): JumpPreamble | 'short' | undefined {
  if (!canBeJumpPreamble(bytes)) return undefined;
  const length = bytes[LENGTH_AT];
  if (length === undefined || bytes.length < TARGET_AT + length) return 'short';
  const target = parseTarget(strictTextOf(bytes.subarray(TARGET_AT, TARGET_AT + length)) ?? '');
  return target && { ...target, lengthBytes: TARGET_AT + length };
}

/** The longest preamble, in bytes. */
export const MAX_JUMP_PREAMBLE_BYTES: number = TARGET_AT + 255;

function parseTarget(text: string): JumpTarget | undefined {
  const [, bracketed, plain, digits = ''] =
    /^(?:\[([0-9a-f.:]+(?:%[\w.-]+)?)\]|([^\s:[\]\p{Cc}]+)):(\d{1,5})$/iu.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port < 1 || port > 65_535) return undefined;
  return { host, port };
}

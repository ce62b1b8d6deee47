import { concatBytes } from '../base/bytes.ts';
import { plainAddress } from '../link/plain-address.ts';
import { REASON } from '../wire/messages.ts';
import { MAX_PORT } from './endpoint.ts';
import { addressBytesOf, encodeSocksAddress } from './socks-address.ts';

/** What became of a request. */
export type SocksOutcome =
  | 'granted'
  | 'failed'
  | 'not-permitted'
  | 'network-unreachable'
  | 'host-unreachable'
  | 'refused'
  | 'ttl-expired'
  | 'command'
  | 'address-type';

/** RFC 1928 section 6. */
const REPLY_5: Readonly<Record<SocksOutcome, number>> = {
  granted: 0x00,
  failed: 0x01,
  'not-permitted': 0x02,
  'network-unreachable': 0x03,
  'host-unreachable': 0x04,
  refused: 0x05,
  'ttl-expired': 0x06,
  command: 0x07,
  'address-type': 0x08,
};
/** SOCKS 4 knows one failure, but for those of ident, which is not asked. */
const REPLY_4 = { granted: 0x5a, failed: 0x5b } as const;
const NOWHERE = '0.0.0.0';

/**
 * The answer to a request:
 *
 *   +-----------+---------+---------------+-----------------------+
 *   |  5        |  reply  |  reserved, 0  |  address and port     |
 *   +-----------+---------+---------------+-----------------------+
 *   |  0        |  reply  |  port u16 BE  |  IPv4 address         |      SOCKS 4
 *   +-----------+---------+---------------+-----------------------+
 *
 * `bound` is the address that the connection, or the relay of datagrams, has. Where it is not known, is a name, or is IPv6 for a
 * client of SOCKS 4, the answer says 0.0.0.0 (and port 0, where the whole of it is of no use): clients that connect look at neither.
 */
export function socksReply(
  version: 4 | 5,
  outcome: SocksOutcome,
  bound: { readonly address: string; readonly port: number } = { address: NOWHERE, port: 0 },
): Uint8Array {
  const { address, port } = usable(bound);
  if (version === 5) {
    const head = Uint8Array.of(5, REPLY_5[outcome], 0);
    return concatBytes([head, encodeSocksAddress(address, port)]);
  }
  const reply = outcome === 'granted' ? REPLY_4.granted : REPLY_4.failed;
  const bytes = addressBytesOf(address);
  const ipv4 = bytes?.length === 4 ? bytes : new Uint8Array(4);
  return concatBytes([Uint8Array.of(0, reply, port >> 8, port & 0xff), ipv4]);
}

/** One that can be written: a peer may have said it, and a reply must not fail for it. */
function usable(bound: { readonly address: string; readonly port: number }): {
  address: string;
  port: number;
} {
  const address = plainAddress(bound.address);
  const isPort = Number.isInteger(bound.port) && bound.port >= 0 && bound.port <= MAX_PORT;
  return isPort && addressBytesOf(address) !== undefined
    ? { address, port: bound.port }
    : { address: NOWHERE, port: 0 };
}

/**
 * What to tell a SOCKS client when its channel was refused or reset. The code decides; what a code of `failed` does not say is taken
 * from the first words of the text, and only to give a better hint than "failed".
 */
export function socksOutcomeOf(reasonCode: number, text: string): SocksOutcome {
  switch (reasonCode) {
    case REASON.notPermitted:
      return 'not-permitted';
    case REASON.notFound:
      return 'host-unreachable';
    case REASON.connectionRefused:
      return 'refused';
    case REASON.failed:
      if (text.startsWith('timed out')) return 'host-unreachable';
      return text.startsWith('no route') ? 'network-unreachable' : 'failed';
    default:
      return 'failed';
  }
}

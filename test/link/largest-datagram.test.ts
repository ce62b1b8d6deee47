import type { NetworkInterfaceInfo } from 'node:os';
import { expect, test } from 'vitest';
import {
  interfaceMtu,
  largestDatagram,
  largestDatagramFor,
} from '../../src/link/largest-datagram.ts';
import { HANDSHAKE_BYTES } from '../../src/wire/limits.ts';

test.each([
  [4, undefined, 1472],
  [6, undefined, 1452],
  [4, 1500, 1472],
  [6, 1500, 1452],
  [4, 9000, 8972],
  [6, 1280, 1232],
  [4, 68, 1252],
  [4, 65_536, 16_384],
] as const)('over IPv%i with an MTU of %s: %i bytes', (family, mtu, bytes) => {
  expect(largestDatagram(family, mtu)).toBe(bytes);
  expect(bytes).toBeGreaterThanOrEqual(HANDSHAKE_BYTES.datagrams);
});

function info(address: string, internal = false): NetworkInterfaceInfo {
  const more = { address, netmask: '', mac: '', internal, cidr: null };
  return address.includes(':')
    ? { ...more, family: 'IPv6', scopeid: 0 }
    : { ...more, family: 'IPv4' };
}

const INTERFACES = {
  lo: [info('127.0.0.1', true)],
  eth0: [info('192.0.2.1'), info('2001:db8::1')],
  jumbo: [info('10.0.0.1')],
  odd: [info('10.9.0.1')],
};
const MTUS: Readonly<Record<string, number>> = { lo: 65_536, eth0: 1500, jumbo: 9000 };

test.each([
  ['127.0.0.1', 16_384],
  ['127.0.0.7', 16_384],
  ['192.0.2.1', 1472],
  ['2001:db8::1', 1452],
  ['10.0.0.1', 8972],
  // Its MTU is not known.
  ['10.9.0.1', 1472],
  // Of somebody else, over whichever interface.
  ['198.51.100.1', 8972],
])('for %s: %i bytes', (address, bytes) => {
  expect(largestDatagramFor(address, INTERFACES, (name) => MTUS[name])).toBe(bytes);
});

test('what is no interface has no MTU, whatever it is called', () => {
  for (const name of ['', '.', '..', '../../../etc/hostname', 'no such interface'])
    expect(interfaceMtu(name)).toBeUndefined();
});

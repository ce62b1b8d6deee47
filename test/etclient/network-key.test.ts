import type { NetworkInterfaceInfo } from 'node:os';
import { expect, test } from 'vitest';
import { networkKey } from '../../src/etclient/network-key.ts';

function v4(address: string, netmask = '255.255.255.0', internal = false): NetworkInterfaceInfo {
  return { family: 'IPv4', address, netmask, internal, mac: '', cidr: null };
}

function v6(address: string, scopeid = 0): NetworkInterfaceInfo {
  return {
    family: 'IPv6',
    address,
    netmask: 'ffff:ffff:ffff:ffff::',
    internal: false,
    mac: '',
    cidr: null,
    scopeid,
  };
}

const HOME = { wlan0: [v4('192.168.1.5'), v6('2001:db8:1:2::77')] };

test.each([
  [
    'another address of the same subnet',
    { wlan0: [v4('192.168.1.99'), v6('2001:db8:1:2:a:b:c:d')] },
    true,
  ],
  [
    'the same by another interface, with loopback',
    { lo: [v4('127.0.0.1', '255.0.0.0', true)], eth0: HOME.wlan0 },
    true,
  ],
  ['a link-local address more', { wlan0: [...HOME.wlan0, v6('fe80::1', 3)] }, true],
  ['another order', { wlan0: HOME.wlan0.toReversed() }, true],
  ['another subnet', { wlan0: [v4('192.168.2.5'), v6('2001:db8:1:2::77')] }, false],
  ['a wider mask', { wlan0: [v4('192.168.1.5', '255.255.0.0'), v6('2001:db8:1:2::77')] }, false],
  ['another IPv6 network', { wlan0: [v4('192.168.1.5'), v6('2001:db8:1::77')] }, false],
  ['no IPv6', { wlan0: [v4('192.168.1.5')] }, false],
  ['no address at all', {}, false],
])('%s: the same network is %s', (_, interfaces, isSame) => {
  const key = networkKey(interfaces);
  expect(key).toMatch(/^[0-9a-f]{16}$/u);
  expect(key === networkKey(HOME)).toBe(isSame);
});

import { expect, test } from 'vitest';
import { LinkProxies } from '../../src/etclient/link-proxies.ts';
import { HostResolver } from '../../src/link/host-resolver.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const OWN_PORT = 1080;
const TARGET = { kind: 'tcp', host: 'db', port: 2022 } as const;

function proxiesFor(proxy: string): LinkProxies {
  const deps = { clock: new VirtualClock(), resolver: new HostResolver() };
  return new LinkProxies(
    deps,
    { ALL_PROXY: `socks5h://${proxy}` },
    { isPort: (port) => port === OWN_PORT, isAddress: (address) => address === '192.0.2.7' },
  );
}

test.each([
  'localhost:1080',
  'LOCALHOST.:1080',
  '127.1.2.3:1080',
  '0.0.0.0:1080',
  '192.0.2.7:1080',
  '[::1]:1080',
  '[::]:1080',
  '[::ffff:127.0.0.1]:1080',
  '[::ffff:0.0.0.0]:1080',
])('%s is where this session itself listens, and no way to it', (proxy) => {
  expect(proxiesFor(proxy).faultFor(TARGET)).toMatch(/ is this session's own$/u);
});

test.each(['localhost:1081', '192.0.2.8:1080', '[2001:db8::1]:1080', 'localhost.example.org:1080'])(
  '%s is a proxy like any other',
  (proxy) => {
    expect(proxiesFor(proxy).faultFor(TARGET)).toBeUndefined();
  },
);

import { expect, test } from 'vitest';
import { LinkProxies } from '../../src/etclient/link-proxies.ts';
import { HostResolver } from '../../src/link/host-resolver.ts';
import type { ProxyEnvironment } from '../../src/link/proxy-choice.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const OWN_PORT = 1080;
const OWN_ADDRESSES = ['10.0.0.7', 'fd00::7'];
const TCP = { kind: 'tcp', host: 'db', port: 2022 } as const;

function proxiesOf(environment: ProxyEnvironment): LinkProxies {
  return new LinkProxies({ clock: new VirtualClock(), resolver: new HostResolver() }, environment, {
    isOwnPort: (port) => port === OWN_PORT,
    hasAddress: (address) => OWN_ADDRESSES.includes(address),
  });
}

test.each([
  ['the proxy for what is encrypted', { HTTPS_PROXY: 'a:1', HTTP_PROXY: 'b:1' }, 'proxy a:1'],
  ['the proxy for the rest', { ALL_PROXY: 'socks5h://a:1' }, 'proxy a:1'],
  ['none where there is none', {}, undefined],
  ['none for what NO_PROXY exempts', { HTTPS_PROXY: 'a:1', NO_PROXY: 'x,db' }, undefined],
  ['none that is for others', { HTTP_PROXY: 'a:1' }, undefined],
] as const)('links take %s', (_, environment, label) => {
  const proxies = proxiesOf(environment);
  expect(proxies.of(TCP)?.label).toBe(label);
  expect(proxies.isNamedFor('db')).toBe(label !== undefined);
});

test('one that cannot be read counts as named, and says itself why it is not used', async () => {
  const proxies = proxiesOf({ HTTPS_PROXY: 'ftp://secret:word@a:1' });
  expect(proxies.isNamedFor('db')).toBe(true);
  const dial = proxies.tcpDial({ host: 'db', port: 2022 })(new AbortController().signal);
  const error = await dial.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'ET_ERR_USAGE' });
  expect(String(error)).toMatch(/HTTPS_PROXY: .*not ftp/u);
  expect(String(error)).not.toMatch(/secret|word/u);
});

test('a host that is exempt on this port alone is not dialled through one', async () => {
  const proxies = proxiesOf({ HTTPS_PROXY: 'a:1', NO_PROXY: 'db:2022' });
  // The port is not known when the plan is made.
  expect(proxies.isNamedFor('db')).toBe(true);
  await expect(
    proxies.tcpDial({ host: 'db', port: 2022 })(new AbortController().signal),
  ).rejects.toThrow('NO_PROXY exempts db');
});

test.each([
  '127.0.0.1',
  '127.1.2.3',
  'localhost',
  'LocalHost',
  'localhost.',
  '[::1]',
  '[::]',
  '0.0.0.0',
  '[::ffff:127.0.0.1]',
  '10.0.0.7',
  '[fd00::7]',
])('a session does not go through a proxy of its own at %s', async (host) => {
  const proxies = proxiesOf({ ALL_PROXY: `socks5h://${host}:${OWN_PORT}` });
  expect(() => proxies.of(TCP)).toThrow(/is this session's own$/u);
  await expect(
    proxies.tcpDial({ host: 'db', port: 2022 })(new AbortController().signal),
  ).rejects.toMatchObject({ code: 'ET_ERR_DIAL' });
});

test('another port of this machine, and this port of another, are not its own', () => {
  for (const place of ['127.0.0.1:1081', '10.0.0.8:1080', 'squid:1080', '127.example.org.x:1080']) {
    const proxies = proxiesOf({ ALL_PROXY: `socks5h://${place}` });
    expect(proxies.of(TCP)?.label).toBe(`proxy ${place}`);
  }
});

test('what is its own is asked at each dial: forwards come and go', () => {
  let ownPort = 0;
  const proxies = new LinkProxies(
    { clock: new VirtualClock(), resolver: new HostResolver() },
    { ALL_PROXY: 'socks5://127.0.0.1:1080' },
    { isOwnPort: (port) => port === ownPort, hasAddress: () => false },
  );
  expect(proxies.of(TCP)).toBeDefined();
  ownPort = 1080;
  expect(() => proxies.of(TCP)).toThrow();
  ownPort = 0;
  expect(proxies.of(TCP)).toBeDefined();
});

import { expect, test } from 'vitest';
import { proxyFor } from '../../src/link/proxy-choice.ts';

const TCP = { kind: 'tcp', host: 'db', port: 2022 } as const;
const WSS = { kind: 'wss', host: 'web', port: 443 } as const;
const WS = { kind: 'ws', host: 'web', port: 80 } as const;

test.each([
  ['https_proxy is for wss', { https_proxy: 'a:1', http_proxy: 'b:1' }, WSS, 'proxy a:1'],
  ['https_proxy is for tcp', { https_proxy: 'a:1', http_proxy: 'b:1' }, TCP, 'proxy a:1'],
  ['http_proxy is for ws', { https_proxy: 'a:1', http_proxy: 'b:1' }, WS, 'proxy b:1'],
  ['capitals count', { HTTPS_PROXY: 'a:1' }, WSS, 'proxy a:1'],
  ['small letters come first', { HTTPS_PROXY: 'a:1', https_proxy: 'b:1' }, WSS, 'proxy b:1'],
  ['an empty one is none', { HTTPS_PROXY: 'a:1', https_proxy: '' }, WSS, 'proxy a:1'],
  ['all_proxy is for the rest', { ALL_PROXY: 'a:1' }, TCP, 'proxy a:1'],
  ['all_proxy is for ws too', { all_proxy: 'a:1' }, WS, 'proxy a:1'],
  ['all_proxy comes last', { all_proxy: 'a:1', HTTPS_PROXY: 'b:1' }, WSS, 'proxy b:1'],
  ['none', {}, TCP, undefined],
  ['NO_PROXY exempts', { HTTPS_PROXY: 'a:1', NO_PROXY: 'x,db' }, TCP, undefined],
  ['no_proxy comes first', { ALL_PROXY: 'a:1', NO_PROXY: 'db', no_proxy: 'x' }, TCP, 'proxy a:1'],
  ['NO_PROXY of others', { HTTPS_PROXY: 'a:1', NO_PROXY: 'x' }, TCP, 'proxy a:1'],
  ['HTTP_PROXY in capitals', { HTTP_PROXY: 'a:1' }, WS, 'proxy a:1'],
  ['not in a CGI script', { HTTP_PROXY: 'a:1', REQUEST_METHOD: 'GET' }, WS, undefined],
  ['small letters there too', { http_proxy: 'a:1', REQUEST_METHOD: 'GET' }, WS, 'proxy a:1'],
])('%s', (_, environment, target, label) => {
  expect(proxyFor(environment, target)?.label).toBe(label);
});

test('what is exempt needs no proxy that can be read', () => {
  const environment = { HTTPS_PROXY: 'ftp://x', NO_PROXY: '*' };
  expect(proxyFor(environment, TCP)).toBeUndefined();
  expect(() => proxyFor({ HTTPS_PROXY: 'ftp://x' }, TCP)).toThrow(/^HTTPS_PROXY: /u);
});

import { expect, test } from 'vitest';
import { parseProxy } from '../../src/link/parse-proxy.ts';

test.each([
  ['http://squid:3128', 'http', 'squid', 3128],
  ['squid:3128', 'http', 'squid', 3128],
  ['squid', 'http', 'squid', 1080],
  ['http://squid:80/', 'http', 'squid', 80],
  ['https://squid', 'https', 'squid', 443],
  ['HTTPS://Squid:443', 'https', 'Squid', 443],
  ['socks://s', 'socks4', 's', 1080],
  ['socks4a://s:1', 'socks4a', 's', 1],
  ['socks5://127.0.0.1:9050', 'socks5', '127.0.0.1', 9050],
  ['socks5h://[::1]:9050', 'socks5h', '::1', 9050],
])('%s is a proxy', (text, scheme, host, port) => {
  expect(parseProxy(text, 'HTTPS_PROXY')).toEqual({
    scheme,
    host,
    port,
    credentials: undefined,
    label: `proxy ${host.includes(':') ? `[${host}]` : host}:${port}`,
  });
});

test('user and password are read, and shown nowhere', () => {
  const proxy = parseProxy('http://me%40home:p%3Ass%25@squid:3128', 'HTTPS_PROXY');
  expect(proxy.credentials).toEqual({ user: 'me@home', password: 'p:ss%' });
  expect(proxy.label).toBe('proxy squid:3128');
  expect(parseProxy('http://me@squid', 'x').credentials).toEqual({ user: 'me', password: '' });
});

test.each([
  ['ftp://secret@squid', /^HTTPS_PROXY: a proxy's address begins with one of http, .*, not ftp$/u],
  ['http://', /^HTTPS_PROXY is not a proxy's address: write http:\/\/HOST:PORT$/u],
  ['http://secret@squid:99999', /is not a proxy's address/u],
  ['http://secret@squid:0', /a proxy's port is within 1\.\.65535/u],
  ['http://secret @ squid', /is not a proxy's address/u],
  ['http://secret:secret@sq uid', /is not a proxy's address/u],
  ['http://secret%zz:secret@squid', /write each % of the user and password as %25/u],
  ['secret\r\nX: y', /is not a proxy's address/u],
])('%j is none, and the complaint names the variable and not what it holds', (text, complaint) => {
  const complain = (): unknown => parseProxy(text, 'HTTPS_PROXY');
  expect(complain).toThrow(complaint);
  expect(complain).not.toThrow(/secret/u);
  expect(complain).toThrow(expect.objectContaining({ code: 'ET_ERR_USAGE' }));
});

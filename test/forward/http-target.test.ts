import { expect, test } from 'vitest';
import { HttpRefusal } from '../../src/forward/http-refusal.ts';
import { parseConnectTarget, parseHttpUri } from '../../src/forward/http-target.ts';

test.each([
  ['db:5432', 'db', 5432],
  ['10.0.0.1:1', '10.0.0.1', 1],
  ['[2001:db8::1]:65535', '2001:db8::1', 65_535],
])('CONNECT %s', (text, host, port) => {
  expect(parseConnectTarget(text)).toEqual({ host, port });
});

test.each([
  '',
  'db',
  'db:',
  ':80',
  'db:0',
  'db:65536',
  'db:-1',
  'db:8x',
  'db:80:80',
  '2001:db8::1:80',
  '[]:80',
  '[db]:80',
  '[10.0.0.1]:80',
  'user@db:80',
  'a b:80',
  'db/x:80',
  'http://db:80',
  `${'d'.repeat(256)}:80`,
])('CONNECT %j is refused', (text) => {
  expect(() => parseConnectTarget(text)).toThrow(HttpRefusal);
});

test.each([
  ['http://db', 'db', 80, 'db', '/'],
  ['HTTP://db:/', 'db', 80, 'db:', '/'],
  ['http://db:8080?x=http://else/', 'db', 8080, 'db:8080', '/?x=http://else/'],
  ['http://[::1]:81/a//b/../%2e?#part', '::1', 81, '[::1]:81', '/a//b/../%2e?'],
  ['http://db/@else:1/', 'db', 80, 'db', '/@else:1/'],
])('%s', (uri, host, port, authority, path) => {
  expect(parseHttpUri(uri, 'GET')).toEqual({ host, port, authority, path });
});

test('OPTIONS of a whole server is an asterisk there', () => {
  expect(parseHttpUri('http://db', 'OPTIONS').path).toBe('*');
  expect(parseHttpUri('http://db/', 'OPTIONS').path).toBe('/');
});

test.each([
  '/',
  '*',
  'db',
  'http:/db',
  '://db/',
  'http:///x',
  'http://u:p@db/',
  'https://db/',
  'ftp://db/',
  'http://db:x/',
])('%j is refused', (uri) => {
  expect(() => parseHttpUri(uri, 'GET')).toThrow(HttpRefusal);
});

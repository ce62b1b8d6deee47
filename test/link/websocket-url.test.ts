import { expect, test } from 'vitest';
import { parseWebSocketUrl } from '../../src/link/websocket-url.ts';

test.each([
  ['wss://host/path', true, 'host', 443, 'wss://host/path'],
  ['ws://host', false, 'host', 80, 'ws://host/'],
  ['wss://[fd00::1]:8443/', true, 'fd00::1', 8443, 'wss://[fd00::1]:8443/'],
  ['wss://me:secret@host/a?key=secret#b', true, 'host', 443, 'wss://host/a'],
])('%s is the address of a WebSocket', (text, isSecure, host, port, shown) => {
  expect(parseWebSocketUrl(text)).toMatchObject({ isSecure, host, port, shown });
});

test('the fragment is not sent', () => {
  expect(parseWebSocketUrl('wss://me:secret@host/a?key=1#b').href).toBe(
    'wss://me:secret@host/a?key=1',
  );
});

test.each(['', 'host', 'http://host/', 'wss://', 'wss://host:99999/'])('%j is none', (text) => {
  expect(() => parseWebSocketUrl(text)).toThrow(
    'the address of a WebSocket is written wss://HOST/PATH or ws://HOST/PATH',
  );
});

import { expect, test } from 'vitest';
import type { Road } from '../../src/etclient/road.ts';
import { roadDials } from '../../src/etclient/road-dials.ts';

const never = (): Promise<never> => Promise.reject(new Error('not dialled here'));
const dials = roadDials(
  {
    udp: () => never,
    tcp: () => never,
    webSocket: () => never,
    proxy: () => never,
    jump: () => never,
  },
  { host: 'db', port: 2022, udpPort: 2023, ssh: never },
);

test.each<[string, Road]>([
  ['wss://h.example/path', { kind: 'web-socket', url: 'wss://h.example/path?token=secret' }],
  ['udp db:2023', { kind: 'udp' }],
  ['udp db:2023 from wlan0', { kind: 'udp', from: 'wlan0' }],
  ['udp gate:7000', { kind: 'udp-to', host: 'gate', port: 7000 }],
  ['tcp db:2022', { kind: 'tcp' }],
  ['tcp db:2022 from wlan0', { kind: 'tcp', from: 'wlan0' }],
  ['tcp gate:7000', { kind: 'tcp-to', host: 'gate', port: 7000 }],
  ['proxy to db:2022', { kind: 'proxy' }],
  ['jump to db:2022', { kind: 'jump' }],
  ['ssh', { kind: 'ssh' }],
])('a failure calls it %s, without what may be a secret', (name, road) => {
  expect(dials.nameOf(road)).toBe(name);
});

test('a server that takes no datagrams is not dialled for them, unless another port is named', async () => {
  const without = roadDials(
    {
      udp: () => never,
      tcp: () => never,
      webSocket: () => never,
      proxy: undefined,
      jump: undefined,
    },
    { host: 'db', port: 2022, udpPort: 0, ssh: never },
  );
  const { signal } = new AbortController();
  await expect(without.dialOf({ kind: 'udp' })(signal)).rejects.toThrow('takes no datagrams');
  await expect(without.dialOf({ kind: 'udp-to', host: 'gate', port: 7 })(signal)).rejects.toThrow(
    'not dialled',
  );
});

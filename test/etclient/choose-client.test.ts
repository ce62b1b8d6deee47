import { describe, expect, test } from 'vitest';
import { chooseClient, clientsNamed } from '../../src/etclient/choose-client.ts';
import type { FoundClient } from '../../src/etclient/control-client.ts';
import { SAMPLE_STATUS } from './sample-status.ts';

function client(pid: number, host: string, id: string): FoundClient {
  return { path: `/run/${pid}`, status: { ...SAMPLE_STATUS, pid, host, id: id.padEnd(32, '0') } };
}

const A = client(100, 'me@one', 'aa11');
const B = client(200, 'me@two', 'aa22');
const C = client(300, 'root@two', '100');

describe('a name', () => {
  test.each<[string, FoundClient[]]>([
    ['100', [A]],
    ['me@two', [B]],
    ['one', [A]],
    ['two', [B, C]],
    ['aa2', [B]],
    ['AA2', [B]],
    ['aa', [A, B]],
    ['1000', [C]],
    ['me', []],
    ['on', []],
  ])('%s', (name, found) => {
    expect(clientsNamed([A, B, C], name)).toEqual(found);
  });
});

describe('the one that is meant', () => {
  test('is the only one, or the one that is named', () => {
    expect(chooseClient({ clients: [A], silent: [] }, undefined)).toBe(A);
    expect(chooseClient({ clients: [A, B], silent: [7] }, '200')).toBe(B);
  });

  test.each<[FoundClient[], number[], string | undefined, string]>([
    [[], [], undefined, 'no et with forwards runs here'],
    [[], [7], undefined, 'et does not answer: pid 7'],
    [
      [A, B],
      [],
      undefined,
      'several et run here: me@one (pid 100, session aa110000), me@two (pid 200, session aa220000)',
    ],
    [
      [A, B, C],
      [],
      'two',
      'two names several: me@two (pid 200, session aa220000), root@two (pid 300, session 10000000)',
    ],
    [[A], [], 'x', 'no session x; there is me@one (pid 100, session aa110000)'],
  ])('%#', (clients, silent, name, message) => {
    expect(() => chooseClient({ clients, silent }, name)).toThrow(message);
  });
});

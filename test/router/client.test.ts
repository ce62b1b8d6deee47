import { describe, expect, test } from 'vitest';
import { concatBytes, EMPTY_BYTES, utf8 } from '../../src/base/bytes.ts';
import { Admissions } from '../../src/router/admissions.ts';
import { Client } from '../../src/router/client.ts';
import type { WholeHello } from '../../src/router/first-bytes.ts';
import { DEFAULT_ROUTER_LIMITS } from '../../src/router/router-limits.ts';
import { HANDSHAKE_BYTES, HELLO_MAGIC, REFUSED } from '../../src/wire/limits.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { FakeEnd } from './fake-end.ts';

const HELLO = concatBytes([
  HELLO_MAGIC,
  Uint8Array.of(1, 1),
  new Uint8Array(HANDSHAKE_BYTES.bytes - 6).fill(7),
]);

function clientOf(firstBytes: Uint8Array = EMPTY_BYTES) {
  const clock = new VirtualClock();
  const admissions = new Admissions(DEFAULT_ROUTER_LIMITS);
  const admission = admissions.admit('192.0.2.1');
  if (admission === undefined) throw new Error('not admitted');
  const end = new FakeEnd();
  const hellos: WholeHello[] = [];
  const over: string[] = [];
  const client = new Client(
    end,
    { clock, admission, dueMs: 10_000 },
    { onHello: (_, hello) => hellos.push(hello), onOver: () => over.push('over') },
  );
  client.start(firstBytes);
  return { clock, admissions, end, hellos, over, client };
}

describe('a refusal', () => {
  test.each<[string, (of: ReturnType<typeof clientOf>) => void]>([
    ['of a stranger', ({ end }) => end.say(utf8('GET / HTTP/1.1\r\n\r\n'))],
    [
      'of an unknown route',
      ({ end, client }) => {
        end.say(HELLO);
        client.refuse();
      },
    ],
    ['of what can be no hello any more', ({ end }) => end.say(HELLO.subarray(1))],
  ])('%s is the same eight bytes 50 ms after the last byte, then the end', (_, begin) => {
    const made = clientOf();
    begin(made);
    const { clock, end, over, admissions } = made;
    clock.advance(49);
    expect(end.written).toEqual(EMPTY_BYTES);
    clock.advance(1);
    expect(end.written).toEqual(REFUSED);
    expect(end.done.at(-1)).toBe('end');
    // Whatever else it says is read and thrown away.
    end.say(utf8('more'));
    expect(end.isPaused).toBe(false);
    end.finish();
    end.close();
    expect(over).toEqual(['over']);
    expect(admissions.incompleteCount).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test('comes at 10 s to who has said too little, and not before', () => {
    const { clock, end } = clientOf();
    end.say(HELLO.subarray(0, 1399));
    clock.advance(10_049);
    expect(end.written).toEqual(EMPTY_BYTES);
    clock.advance(1);
    expect(end.written).toEqual(REFUSED);
  });

  test('whose peer does not end is cut after 5 s', () => {
    const { clock, end, over } = clientOf();
    end.say(utf8('nonsense'));
    clock.advance(5050);
    expect(end.isReset).toBe(true);
    expect(over).toEqual(['over']);
    expect(clock.pending).toBe(0);
  });

  test('is not given to who has ended before', () => {
    const { clock, end, over } = clientOf();
    end.say(utf8('nonsense'));
    end.finish();
    end.close();
    clock.advance(100);
    expect(end.written).toEqual(EMPTY_BYTES);
    expect(over).toEqual(['over']);
    expect(clock.pending).toBe(0);
  });
});

test('a client is joined with its hello, and read no further before', () => {
  const { clock, end, hellos, over, client, admissions } = clientOf();
  end.say(concatBytes([HELLO, utf8('early')]));
  expect(hellos).toHaveLength(1);
  expect(end.isPaused).toBe(true);
  const server = new FakeEnd();
  expect(client.join(server, 1000)).toBe(true);
  expect(server.written).toEqual(concatBytes([HELLO, utf8('early')]));
  expect([admissions.incompleteCount, admissions.joinedCount]).toEqual([0, 1]);
  expect(clock.pending).toBe(0);
  server.say(utf8('answer'));
  expect(end.written).toEqual(utf8('answer'));
  client.drop();
  expect([end.isReset, server.isReset, over]).toEqual([true, true, ['over']]);
  expect(admissions.joinedCount).toBe(0);
});

test('a client whose hello was read already is not read at all before it is joined or refused', () => {
  const { end, hellos, client } = clientOf(concatBytes([HELLO, utf8('early')]));
  expect(hellos).toHaveLength(1);
  expect(end.done).not.toContain('resume');
  const server = new FakeEnd();
  client.join(server, 1000);
  end.say(utf8(' and late'));
  expect(server.written).toEqual(concatBytes([HELLO, utf8('early and late')]));
  const refused = clientOf(HELLO);
  refused.client.refuse();
  expect(refused.end.isPaused).toBe(false);
  refused.end.finish();
  refused.end.close();
  expect(refused.over).toEqual(['over']);
});

test('a client that is gone, or refused, is joined to nobody', () => {
  const { end, client } = clientOf();
  end.say(HELLO);
  client.refuse();
  expect(client.join(new FakeEnd(), 1000)).toBe(false);
});

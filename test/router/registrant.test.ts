import { describe, expect, test } from 'vitest';
import { EMPTY_BYTES, utf8 } from '../../src/base/bytes.ts';
import { Claims, type FileFacts } from '../../src/router/claims.ts';
import { Registrant } from '../../src/router/registrant.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { FakeEnd } from './fake-end.ts';

const SECRET = 'ab'.repeat(32);
const OTHER = 'cd'.repeat(32);
/** What stands for SHA-256 here: the first 16 bytes. */
const ID = 'ab'.repeat(16);
const OTHER_ID = 'cd'.repeat(16);

const mine: FileFacts = { uid: 1000, mode: 0o4_0700, isDirectory: () => true };

function connection(look: () => FileFacts | undefined = () => mine, datagramToken?: string) {
  const clock = new VirtualClock();
  const socket = new FakeEnd();
  const log: string[] = [];
  let objection: string | undefined;
  const looked: string[] = [];
  const claims = new Claims('/run/x/claims', new SeededRandom(1), (path) => {
    looked.push(path);
    const found = look();
    return found === undefined ? Promise.reject(new Error('ENOENT')) : Promise.resolve(found);
  });
  const registrant = new Registrant(
    socket,
    {
      clock,
      claims,
      routeIdOf: (secret) => secret.slice(0, 16),
      port: () => 2022,
      datagramToken: () => datagramToken,
    },
    {
      onRegister: (owner, ids) => {
        log.push(`register ${ids.join(' ')} for ${owner.uid}`);
        return objection;
      },
      onUnregister: (_, ids) => log.push(`unregister ${ids.join(' ')}`),
      onTake: (_, token, rest) => log.push(`take ${token}+${rest.length}`),
      onDatagrams: (_, token, rest) => log.push(`datagrams ${token}+${rest.length}`),
      onProven: () => log.push('proven'),
      onOver: () => log.push('over'),
      status: () => ({ links: 3 }),
    },
  );
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 5; i += 1) await Promise.resolve();
  };
  const refuse = (why: string): void => {
    objection = why;
  };
  return { clock, socket, log, looked, registrant, settle, refuse };
}

async function registered() {
  const made = connection();
  made.socket.sayLine({ register: [SECRET] });
  made.socket.sayLine({ claimed: true });
  await made.settle();
  return made;
}

test('a session server is registered once the directory it was asked for is there, for its owner', async () => {
  const { clock, socket, log, looked, settle } = connection();
  socket.sayLine({ register: [SECRET, OTHER] });
  const [{ claim }] = socket.lines as [{ claim: string }];
  expect(claim).toMatch(/^\/run\/x\/claims\/[0-9a-f]{32}$/u);
  expect(log).toEqual([]);
  socket.sayLine({ claimed: true });
  await settle();
  expect(looked).toEqual([claim]);
  expect(log).toEqual(['proven', `register ${ID} ${OTHER_ID} for 1000`]);
  expect(socket.lines[1]).toEqual({ registered: 2, port: 2022 });
  // It may live for months.
  expect(clock.pending).toBe(0);
});

describe('is not registered', () => {
  test.each<[string, FileFacts | undefined]>([
    ['without the directory', undefined],
    ['by a file or a symbolic link', { ...mine, isDirectory: () => false }],
    ['by a directory that others may change', { ...mine, mode: 0o4_0777 }],
  ])('%s', async (_, found) => {
    const { socket, log, settle } = connection(() => found);
    socket.sayLine({ register: [SECRET] });
    socket.sayLine({ claimed: true });
    await settle();
    expect(socket.isReset).toBe(true);
    expect(log).toEqual(['over']);
  });

  test.each<[string, object]>([
    ['a claim before a question', { claimed: true }],
    ['a secret that is too short', { register: ['ab'] }],
    ['no secret', { register: [] }],
    ['too many secrets', { register: Array.from({ length: 33 }, () => SECRET) }],
    ['secrets that are no text', { register: [1] }],
    ['taking back what it does not have', { unregister: [SECRET] }],
    ['another question', { ask: 'kill' }],
    ['nothing', {}],
  ])('who says %s', (_, line) => {
    const { socket, log, clock } = connection();
    socket.sayLine(line);
    expect(socket.isReset).toBe(true);
    expect(log).toEqual(['over']);
    expect(clock.pending).toBe(0);
  });

  test('who does not claim within 5 s', () => {
    const { socket, log, clock } = connection();
    socket.sayLine({ register: [SECRET] });
    clock.advance(4999);
    expect(log).toEqual([]);
    clock.advance(1);
    expect(socket.isReset).toBe(true);
    expect(log).toEqual(['over']);
  });

  test('who registers a second time before it has claimed', () => {
    const { socket } = connection();
    socket.sayLine({ register: [SECRET] });
    socket.sayLine({ register: [SECRET] });
    expect(socket.isReset).toBe(true);
  });
});

test('registered, it adds and takes back secrets, without another claim', async () => {
  const { socket, log, refuse } = await registered();
  socket.sayLine({ register: [OTHER] });
  socket.sayLine({ unregister: [OTHER] });
  refuse('too many routes are registered');
  socket.sayLine({ register: [OTHER] });
  expect(log.slice(2)).toEqual([
    `register ${OTHER_ID} for 1000`,
    `unregister ${OTHER_ID}`,
    `register ${OTHER_ID} for 1000`,
  ]);
  expect(socket.lines.slice(2)).toEqual([
    { registered: 1, port: 2022 },
    { unregistered: 1 },
    { error: 'too many routes are registered' },
  ]);
});

test('is asked to dial, and is over when it ends', async () => {
  const { socket, log, registrant } = await registered();
  registrant.dial('token');
  expect(socket.lines.at(-1)).toEqual({ dial: 'token' });
  socket.finish();
  expect(log.at(-1)).toBe('over');
  expect(log.filter((each) => each === 'over')).toHaveLength(1);
});

test('a token hands the socket on, with what was said behind it', () => {
  const { socket, log, clock } = connection();
  socket.say(utf8('{"take":"abc"}\nxyz'));
  expect(log).toEqual(['over', 'take abc+3']);
  expect(socket.isReset).toBe(false);
  expect(clock.pending).toBe(0);
});

test('a session server is told a token for its datagrams where the router has some, and shows it on another connection', async () => {
  const { socket, settle } = connection(() => mine, 'abc');
  socket.sayLine({ register: [SECRET] });
  socket.sayLine({ claimed: true });
  await settle();
  expect(socket.lines.at(-1)).toEqual({ registered: 1, port: 2022, datagrams: 'abc' });
  const other = connection();
  other.socket.say(utf8('{"datagrams":"abc"}\nxyz'));
  expect(other.log).toEqual(['over', 'datagrams abc+3']);
  expect(other.socket.isReset).toBe(false);
  expect(other.clock.pending).toBe(0);
});

test('a connection that is registered shows no token: it is over', async () => {
  const { socket, log } = await registered();
  socket.sayLine({ datagrams: 'abc' });
  expect([socket.isReset, log.at(-1)]).toEqual([true, 'over']);
});

test('anybody may ask how it goes; a crowd of questions that nobody reads the answers of is cut', () => {
  const { socket } = connection();
  socket.sayLine({ ask: 'status' });
  expect(socket.lines).toEqual([{ links: 3 }]);
  socket.isStuck = true;
  for (let i = 0; i < 30_000 && !socket.isReset; i += 1) socket.sayLine({ ask: 'status' });
  expect(socket.isReset).toBe(true);
  expect(socket.queuedBytes).toBeLessThan(300_000);
});

test('what is no line of JSON ends it', () => {
  const { socket } = connection();
  socket.say(EMPTY_BYTES);
  expect(socket.isReset).toBe(false);
  socket.say(utf8('EVTM'));
  socket.say(new Uint8Array(5000));
  expect(socket.isReset).toBe(true);
});

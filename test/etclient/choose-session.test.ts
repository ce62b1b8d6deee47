import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chooseSession, type SessionChoice } from '../../src/etclient/choose-session.ts';
import { listed, NOW_MS, RUNNING_PID, SessionsLab } from './sessions-lab.ts';

let lab: SessionsLab;
beforeEach(() => {
  lab = new SessionsLab();
});
afterEach(() => lab.close());

async function attach(...words: readonly string[]): Promise<SessionChoice> {
  return await chooseSession(lab.command('attach', ...words), lab.deps);
}

/** Which session it is, in a word. */
async function chosen(...words: readonly string[]): Promise<string> {
  const choice = await attach(...words);
  if (choice.kind === 'end') return `status ${choice.end.status}`;
  if (choice.kind === 'local') return `here ${choice.session.slice(0, 1)}`;
  const { kept, wish, command } = choice;
  if (kept !== undefined) return `kept ${Buffer.from(kept.session).toString('hex').slice(0, 1)}`;
  const { user, host } = command.destination;
  return `${user === undefined ? '' : `${user}@`}${host} ${wish.session ?? 'any'}`;
}

describe('a session that is named', () => {
  beforeEach(() => {
    lab.keep('1', { name: 'work' });
    lab.keep('2', { name: 'build', destination: 'me@other -p 2222', way: ['-J', 'gate'] });
    lab.keep('3', { destination: 'me@other -p 2222' });
    lab.here = [listed('4', { name: 'local' }), listed('5')];
  });

  test.each([
    [['work'], 'kept 1'],
    [['1111'], 'kept 1'],
    [['33333333'], 'kept 3'],
    [['me@host'], 'kept 1'],
    [['host'], 'kept 1'],
    [['other', 'build'], 'kept 2'],
    [['me@other', '3333'], 'kept 3'],
    [['local'], 'here 4'],
    [['5555'], 'here 5'],
    [['333'], '333 any'],
    [['elsewhere'], 'elsewhere any'],
    [['anna@host'], 'anna@host any'],
    [['other', 'work'], 'other work'],
    [['host', 'local'], 'host local'],
  ])('et attach %j: %s', async (words, which) => {
    expect(await chosen(...words)).toBe(which);
  });

  test('is reached the way it was begun, but for what was typed', async () => {
    expect(await attach('build', '--via', 'tcp')).toMatchObject({
      kind: 'connect',
      command: {
        destination: { user: 'me', host: 'other' },
        ssh: { port: 2222, jump: 'gate' },
        via: 'tcp',
      },
    });
  });

  test('where several are meant they are listed, and none is taken', async () => {
    const choice = await attach('other');
    expect(choice).toMatchObject({ kind: 'end', end: { status: 2 } });
    expect(lab.printed.split('\n').map((line) => line.split(/ {2,}/u)[0])).toEqual([
      'NAME',
      'build',
      '-',
      '',
    ]);
    expect(await chosen('me@other')).toBe('status 2');
  });

  test('goes by its name before it goes by its host', async () => {
    lab.keep('7', { name: 'host', destination: 'third' });
    expect(await chosen('host')).toBe('kept 7');
  });

  test('of the same name on two hosts, the host tells which', async () => {
    lab.keep('6', { name: 'work', destination: 'third' });
    expect(await chosen('work')).toBe('status 2');
    expect(await chosen('third', 'work')).toBe('kept 6');
  });
});

describe('where none is named', () => {
  test('the latest that was left is taken, on a terminal', async () => {
    lab.keep('1', { left: 'detached', seenMs: NOW_MS - 5000 });
    lab.keep('2', { left: 'detached', seenMs: NOW_MS - 1000 });
    lab.keep('3', { left: 'taken-over', seenMs: NOW_MS - 10 });
    lab.keep('4', { clientPid: RUNNING_PID, seenMs: NOW_MS });
    expect(await chosen()).toBe('kept 2');
    lab.isTerminal = false;
    expect(await chosen()).toBe('status 2');
  });

  test('what a client that is gone has left counts; what another client has is taken last', async () => {
    lab.keep('1', { clientPid: 4711, seenMs: NOW_MS - 5000 });
    lab.keep('2', { left: 'taken-over', seenMs: NOW_MS - 10 });
    expect(await chosen()).toBe('kept 1');
    lab.store.remove(new Uint8Array(16).fill(0x11));
    expect(await chosen()).toBe('kept 2');
  });

  test('the only one that is known is taken, whoever has it', async () => {
    lab.isTerminal = false;
    lab.keep('1', { clientPid: RUNNING_PID });
    expect(await chosen()).toBe('kept 1');
  });

  test('else the only one of this machine', async () => {
    lab.here = [listed('4'), listed('5', { hasShell: false })];
    expect(await chosen()).toBe('here 4');
    lab.here = [listed('4'), listed('5')];
    expect(await chosen()).toBe('status 2');
    expect(lab.printed).toContain('44444444');
  });

  test('else it says what to do', async () => {
    expect(await attach()).toEqual({
      kind: 'end',
      end: {
        status: 255,
        message: 'no session is known here',
        advice: 'et ls HOST shows those of a host, and et attach HOST takes one there',
      },
    });
  });
});

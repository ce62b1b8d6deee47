import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { endCommand } from '../../src/etclient/end-command.ts';
import { listed, SessionsLab } from './sessions-lab.ts';

const ID = { one: '1'.repeat(32), two: '2'.repeat(32), here: '5'.repeat(32) };

let lab: SessionsLab;
beforeEach(() => {
  lab = new SessionsLab();
  lab.keep('1', { name: 'one' });
  lab.keep('2', { name: 'two', destination: 'me@other -p 2222' });
  lab.here = [listed('5', { name: 'local' })];
});
afterEach(() => lab.close());

async function kill(...words: readonly string[]) {
  return await endCommand(lab.command('kill', ...words), lab.deps);
}

async function detach(...words: readonly string[]) {
  return await endCommand(lab.command('detach', ...words), lab.deps);
}

describe('et kill', () => {
  test('ends what is known here, on its host and on this machine, and forgets it', async () => {
    lab.keep('5', { destination: 'localhost' });
    expect(await kill('one', '2222', 'local')).toEqual({ status: 0 });
    expect(lab.ran).toEqual([
      `me@host: kill ${ID.one}`,
      `me@other:2222: kill ${ID.two}`,
      `kill ${ID.here}`,
    ]);
    expect(lab.printed).toBe('killed one\nkilled two\nkilled local\n');
    expect(lab.kept).toEqual([]);
  });

  test('on a host that is named ends what it knows, by what it was called', async () => {
    expect(await kill('there', 'x', '3f9a')).toEqual({ status: 0 });
    expect(lab.ran).toEqual(['@there: kill x', '@there: kill 3f9a']);
    expect(await kill('host', 'one')).toEqual({ status: 0 });
    expect(lab.ran.at(-1)).toBe(`me@host: kill ${ID.one}`);
    expect(lab.kept).toEqual(['2']);
  });

  test('what is gone already is forgotten, and told with the reason', async () => {
    lab.answers = {
      [`kill ${ID.one}`]: [255, ''],
      [`alive ${ID.one}`]: [1, 'EVERTERM-ALIVE gone {"why":"its host was started anew"}\n'],
    };
    expect(await kill('one', 'two')).toEqual({
      status: 255,
      message: 'one is gone already: its host was started anew',
    });
    expect(lab.printed).toBe('killed two\n');
    expect(lab.kept).toEqual([]);
  });

  test('what could not be killed stays known', async () => {
    lab.answers = { [`kill ${ID.one}`]: [255, ''] };
    expect(await kill('one')).toEqual({
      status: 255,
      message: 'one on me@host: it could not be killed',
    });
    expect(lab.kept.toSorted()).toEqual(['1', '2']);
  });

  test('ends nothing where one of the words is none', async () => {
    expect(await kill('one', 'nine')).toEqual({
      status: 255,
      message: 'no session nine is known here',
    });
    expect(await kill('nine')).toMatchObject({
      status: 255,
      message: 'no session nine is known here',
      advice: 'et ls shows those that are; one of a host is et kill HOST nine',
    });
    lab.keep('3', { name: 'one', destination: 'third' });
    expect(await kill('one')).toMatchObject({ status: 2 });
    expect(lab.printed).toContain('33333333');
    expect(lab.ran).toEqual([]);
  });
});

describe('et detach', () => {
  test('has the client of a session leave, which stays known', async () => {
    expect(await detach('one')).toEqual({ status: 0 });
    expect(lab.ran).toEqual([`me@host: detach ${ID.one}`]);
    expect(lab.printed).toBe('detached one\n');
    expect(lab.kept.toSorted()).toEqual(['1', '2']);
  });

  test('alone it is about the session of this shell', async () => {
    lab.environment = { EVERTERM_SESSION: ID.here };
    expect(await detach()).toEqual({ status: 0 });
    expect(lab.ran).toEqual([`detach ${ID.here}`]);
    lab.answers = { [`detach ${ID.here}`]: [255, 'etserver: no session 5555\n'] };
    await expect(detach()).rejects.toThrow('no session 5555');
  });

  test('alone, outside of a session, it says what to write', async () => {
    expect(await detach()).toMatchObject({ status: 2, advice: expect.stringContaining('NAME') });
    expect(lab.ran).toEqual([]);
  });
});

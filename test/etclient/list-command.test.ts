import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listCommand } from '../../src/etclient/list-command.ts';
import { parseListing } from '../../src/etclient/listed-session.ts';
import { listed, RUNNING_PID, SessionsLab } from './sessions-lab.ts';

let lab: SessionsLab;
beforeEach(() => {
  lab = new SessionsLab();
});
afterEach(() => lab.close());

async function ls(...words: readonly string[]) {
  return await listCommand(lab.command('ls', ...words), lab.deps);
}

describe('et ls HOST', () => {
  const sessions = [
    listed('1', { name: 'work', attached: true, by: 'anna@laptop', cwd: '/srv', title: 'vim x' }),
    listed('2', { ageSeconds: 7300, backlogBytes: 12_345_678, outputSeconds: 5 }),
    listed('3', { over: true, outputSeconds: 90_000, title: 'a\u001b[2Jb', cwd: 'x'.repeat(99) }),
  ];

  test('prints a line for each session of the user there', async () => {
    lab.answers = { 'ls --json': [0, `welcome\n${JSON.stringify(sessions)}\n`] };
    expect(await ls('me@there', '-p', '22')).toEqual({ status: 0 });
    expect(lab.ran).toEqual(['me@there:22: ls --json']);
    expect(lab.printed.split('\n')).toEqual([
      'NAME  ID        UP    ATTACHED      BACKLOG  LAST OUTPUT  CWD                                               TITLE',
      'work  11111111  60 s  anna@laptop         -  -            /srv                                              vim x',
      '-     22222222  2 h   no, for 30 s  12.3 MB  5 s ago      -                                                 -bash',
      `-     33333333  60 s  over                -  25 h ago     ${'x'.repeat(45)}...  a?[2Jb`,
      '',
    ]);
  });

  test('--json is what the host says', async () => {
    lab.answers = { 'ls --json': [0, JSON.stringify(sessions)] };
    await ls('--json', 'there');
    expect(JSON.parse(lab.printed)).toEqual({ sessions });
  });

  test('a host that is known by a session is asked the way that was gone then', async () => {
    lab.keep('1', { destination: 'me@there -p 2222' });
    lab.answers = { 'ls --json': [0, '[]'] };
    expect(await ls('me@there')).toEqual({
      status: 0,
      message: 'no session of yours runs on me@there',
    });
    expect(lab.ran).toEqual(['me@there:2222: ls --json']);
  });

  test('a host that says nothing to the point has failed', async () => {
    lab.answers = { 'ls --json': [127, 'command not found'] };
    await expect(ls('there')).rejects.toThrow(
      'there has not said which sessions it has (status 127)',
    );
  });
});

describe('et ls', () => {
  test('prints what is known of other hosts, and what runs here', async () => {
    lab.keep('1', { name: 'work', clientPid: RUNNING_PID });
    lab.keep('2', { left: 'detached', destination: 'me@h -p 2222' });
    lab.keep('3', { left: 'taken-over' });
    lab.keep('4', { clientPid: 4711 });
    lab.keep('5', { destination: 'localhost' });
    lab.here = [listed('5', { name: 'own' })];
    expect(await ls()).toEqual({ status: 0 });
    const text = lab.printed.split('\n');
    const lines = [...text.slice(0, 5).toSorted(), ...text.slice(5)].map((line) =>
      line.split(/ {2,}/u),
    );
    expect(lines.slice(0, 5)).toEqual([
      ['-', '22222222', '2 h', 'detached', 'me@h -p 2222'],
      ['-', '33333333', '2 h', 'elsewhere', 'me@host'],
      ['-', '44444444', '2 h', 'left behind', 'me@host'],
      ['NAME', 'ID', 'UP', 'ATTACHED', 'HOST'],
      ['work', '11111111', '2 h', `here, pid ${RUNNING_PID}`, 'me@host'],
    ]);
    expect(lines[7]?.slice(0, 3)).toEqual(['own', '55555555', '60 s']);
  });

  test('--json has both apart, and no secret', async () => {
    lab.keep('1', { name: 'work' });
    lab.here = [listed('5')];
    await ls('--json');
    const { known, here } = JSON.parse(lab.printed);
    expect(known).toEqual([
      {
        session: '1'.repeat(32),
        name: 'work',
        destination: 'me@host',
        ageSeconds: 7200,
        clientPid: 0,
        left: null,
      },
    ]);
    expect(here).toEqual(lab.here);
  });

  test('says so where nothing is known', async () => {
    expect(await ls()).toEqual({
      status: 0,
      message: 'no session is known here; et ls HOST asks a host',
    });
  });
});

describe('what etserver ls --json prints', () => {
  test.each([
    ['', undefined],
    ['[', undefined],
    ['hello [1]', undefined],
    ['[]', []],
    ['[1, null, {"session": "x"}, {}]', []],
    ['[not json\n[]\n', []],
  ])('%j', (stdout, sessions) => {
    expect(parseListing(stdout)).toEqual(sessions);
  });

  test('of an older version says less', () => {
    const old = {
      session: 'a'.repeat(32),
      pid: 7,
      command: '-bash',
      ageSeconds: 5,
      attached: true,
    };
    expect(parseListing(JSON.stringify([old]))).toEqual([
      listed('a', { ageSeconds: 5, attached: true, idleSeconds: 0 }),
    ]);
  });

  test('is believed only as far as its types are', () => {
    const odd = { ...listed('b'), name: 7, ageSeconds: -1, backlogBytes: 'x', attached: 'yes' };
    expect(parseListing(JSON.stringify([odd]))).toEqual([listed('b', { ageSeconds: 0 })]);
  });
});

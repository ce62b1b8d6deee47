import { expect, test } from 'vitest';
import { formatAge, formatSessions } from '../../src/etserver/format-sessions.ts';

const SESSION = {
  session: '0123456789abcdef0123456789abcdef',
  pid: 4711,
  port: 60_000,
  command: '-bash',
  ageSeconds: 7300,
  attached: true,
  idleSeconds: 0,
  over: false,
  name: '',
  hasShell: true,
  by: '',
  backlogBytes: 0,
  historyBytes: 0,
  title: '',
  cwd: '',
};

test('a line for each session: id, state, age, process, what runs', () => {
  const detached = { ...SESSION, attached: false, idleSeconds: 90, command: 'tmux attach' };
  expect(formatSessions([SESSION, detached, { ...SESSION, over: true }])).toBe(
    [
      '01234567  attached        started 2 h ago  pid 4711  -bash',
      '01234567  detached 90 s   started 2 h ago  pid 4711  tmux attach',
      '01234567  over            started 2 h ago  pid 4711  -bash',
      '',
    ].join('\n'),
  );
});

test('a name, who is attached, the title, where it is and what waits are told where they are known', () => {
  const named = { ...SESSION, name: 'work', by: 'anna@laptop', title: 'make all', cwd: '/src' };
  const left = { ...named, attached: false, idleSeconds: 90, backlogBytes: 12_345 };
  expect(formatSessions([named, left, { ...left, backlogBytes: 9 }])).toBe(
    [
      '01234567  work  attached by anna@laptop  started 2 h ago  pid 4711  make all  in /src',
      '01234567  work  detached 90 s   started 2 h ago  pid 4711  make all  in /src  12 kB waiting',
      '01234567  work  detached 90 s   started 2 h ago  pid 4711  make all  in /src  9 B waiting',
      '',
    ].join('\n'),
  );
});

test('nothing is said as such', () => {
  expect(formatSessions([])).toBe('no sessions\n');
});

test('a command cannot draw on the terminal, nor fill it', () => {
  const command = `a\n\x1b]2;title\x07${'long '.repeat(100)}`;
  const line = formatSessions([{ ...SESSION, command, title: command, cwd: '/a\nb' }]);
  expect(line).not.toMatch(/[^\P{Cc}\n]/u);
  expect(line.split('\n')).toHaveLength(2);
  expect(line.length).toBeLessThan(130);
});

test.each([
  [0, '0 s'],
  [119, '119 s'],
  [120, '2 min'],
  [7199, '119 min'],
  [7200, '2 h'],
  [172_799, '47 h'],
  [172_800, '2 d'],
])('%i seconds are %s', (seconds, text) => {
  expect(formatAge(seconds)).toBe(text);
});

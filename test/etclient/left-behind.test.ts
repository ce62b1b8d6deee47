import { afterEach, beforeEach, expect, test } from 'vitest';
import { detachedLine, leftBehind, offerToResume } from '../../src/etclient/left-behind.ts';
import { ScriptedPrompter } from '../support/scripted-prompter.ts';
import { NOW_MS, RUNNING_PID, SessionsLab } from './sessions-lab.ts';

let lab: SessionsLab;
beforeEach(() => {
  lab = new SessionsLab();
});
afterEach(() => lab.close());

test('what is offered has no client, and nobody has meant it to be left', () => {
  lab.keep('1');
  lab.keep('2', { clientPid: RUNNING_PID });
  lab.keep('3', { clientPid: 4711 });
  lab.keep('4', { left: 'detached' });
  lab.keep('5', { left: 'taken-over' });
  lab.keep('6', { destination: 'me@other' });
  const found = leftBehind(lab.deps, 'me@host').map(({ session }) => session[0]);
  expect(new Set(found)).toEqual(new Set([0x11, 0x33]));
});

test('it is offered by its name', async () => {
  const one = lab.keep('1', { name: 'work' });
  const prompter = new ScriptedPrompter(['r']);
  const deps = { ...lab.deps, prompter };
  const runner = await lab.deps.runnerFor(lab.command('ls').connect({ host: 'h', flags: [] }));
  expect(await offerToResume(deps, runner, [one], undefined)).toBe(one);
  expect(prompter.transcript).toEqual([
    'et: the session work on me@host, begun 2 h ago, was left behind. [r]esume, [n]ew, [k]ill it? ',
  ]);
});

test('what was left on purpose is told in one line, with the way back', () => {
  expect(detachedLine(lab.deps, 'me@host', 0)).toBeUndefined();
  expect(detachedLine(lab.deps, 'me@host', 2)).toBe(
    '2 detached sessions on this host: et ls me@host',
  );
  lab.keep('1', { left: 'detached', name: 'work' });
  expect(detachedLine(lab.deps, 'me@host', 0)).toBe(
    '1 detached session on this host: et attach work',
  );
  lab.keep('2', { left: 'detached', createdMs: NOW_MS - 1 });
  lab.keep('3', { left: 'detached', clientPid: RUNNING_PID });
  expect(detachedLine(lab.deps, 'me@host', 5)).toBe(
    '5 detached sessions on this host: et attach 22222222, et attach work, et ls me@host',
  );
});

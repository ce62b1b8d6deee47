import { expect, test } from 'vitest';
import { attemptFailedBy, DialFailure } from '../../src/link/dial-failure.ts';
import { SocketFactory } from '../../src/link/socket-factory.ts';
import { unixDial } from '../../src/link/unix-dial.ts';
import { askSession } from '../../src/registry/ask-session.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

test('a session is gone only where nobody listens for it', async () => {
  const clock = new VirtualClock();
  const absent = unixDial(clock, new SocketFactory(clock, 64), '/nonexistent/x.sock');
  expect(await askSession(clock, absent, 'status')).toEqual({ kind: 'gone' });
});

test.each(['EAGAIN', 'EMFILE', 'EACCES', 'ENOBUFS'])(
  'a dial that fails with %s says nothing of the session',
  async (code) => {
    const cause = Object.assign(new Error(code), { code });
    const dial = () => Promise.reject(new DialFailure([attemptFailedBy('unix x', cause)]));
    expect(await askSession(new VirtualClock(), dial, 'status')).toEqual({ kind: 'silent' });
  },
);

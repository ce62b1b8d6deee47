import { expect, test } from 'vitest';
import { EtError } from '../../src/base/errors.ts';
import { activatedSockets } from '../../src/router/activated-sockets.ts';

const NONE = { tcp: [], udp: [], registration: [] };

test('sockets of systemd are told apart by their names', () => {
  const environment = {
    LISTEN_PID: '77',
    LISTEN_FDS: '4',
    LISTEN_FDNAMES: 'tcp:registration:tcp:udp',
  };
  expect(activatedSockets(environment, 77)).toEqual({ tcp: [3, 5], udp: [6], registration: [4] });
});

test('those for another process, as for who has started this one, are left alone', () => {
  const environment = { LISTEN_PID: '77', LISTEN_FDS: '1', LISTEN_FDNAMES: 'tcp' };
  expect(activatedSockets(environment, 78)).toEqual(NONE);
  expect(activatedSockets({}, 78)).toEqual(NONE);
  expect(activatedSockets({ LISTEN_PID: '78', LISTEN_FDS: 'x' }, 78)).toEqual(NONE);
});

test('a socket without a name of ours is an error that says what to write', () => {
  const environment = { LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'tcp:ssh' };
  expect(() => activatedSockets(environment, 7)).toThrow(
    new EtError('ET_ERR_CONFIG', 'socket 4 of systemd is named "ssh"', {
      advice: 'write FileDescriptorName=tcp, udp or registration in its unit',
    }),
  );
});

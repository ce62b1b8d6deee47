import { describe, expect, test } from 'vitest';
import type { SessionCredentials } from '../../src/bootstrap/session-credentials.ts';
import { destinationOf } from '../../src/etclient/begin-session.ts';
import type { ConnectCommand } from '../../src/etclient/cli/client-command.ts';
import { parseCommandLine } from '../../src/etclient/cli/parse-command-line.ts';
import { leftEnd, wayOf, wayTo } from '../../src/etclient/way-back.ts';

function connection(argv: readonly string[]): ConnectCommand {
  const command = parseCommandLine(argv);
  if (command.kind !== 'connect') throw new Error(`not a connection: ${command.kind}`);
  return command;
}

/** What `et attach` has of a session that these arguments have begun. */
function again(...argv: string[]): ConnectCommand {
  const begun = connection(argv);
  const kept = { destination: destinationOf(begun), way: wayOf(begun, '/home/me') };
  const attach = parseCommandLine(['attach']);
  if (attach.kind !== 'attach') throw new Error('no attach');
  return attach.connect(wayTo(kept as unknown as SessionCredentials));
}

describe('a session that is come back to is reached as when it began', () => {
  test.each([
    ['h'],
    ['me@h'],
    ['-p', '2222', '-l', 'me', 'h'],
    ['-4', '-J', 'a,b', '-o', 'Compression=yes', '-o', 'User=x', 'h'],
    ['-i', '/k', '-i', '~/k', '-F', 'none', 'h'],
    ['--ssh', 'gcloud compute "ssh" --zone \'a b\'', 'h'],
    ['--ssh', "it\\'s ssh", 'h'],
    ['--ssh', 'builtin', 'h'],
    ['--via', 'race(tcp, delay(1.5s, ssh))', '--standby', 'h'],
    ['--from', 'eth0', '--from', '10.0.0.1', '--pad', '512', '-k', '15', 'h'],
    ['--jumphost', 'me@gate', '--jport', '2000', 'h'],
    ['--server-path', '~/bin/etserver', 'h'],
    ['--escape-char', 'none', 'h'],
    ['--escape-char', '^]', 'h'],
  ])('%s %s %s %s %s %s %s', (...argv) => {
    const words = argv.filter((word) => word !== undefined);
    const { ssh, ...begun } = connection(words);
    const { ssh: sshAgain, ...back } = again(...words);
    const { port, user } = begun.destination.host === 'h' ? ssh : { port: 0, user: '' };
    expect({ ...sshAgain, port, user }).toEqual(ssh);
    expect({ ...back, destination: begun.destination }).toEqual(begun);
    expect(destinationOf(again(...words))).toBe(destinationOf(connection(words)));
  });

  test('from any directory', () => {
    expect(again('-i', 'k', '-F', './etc/f', 'h').ssh).toMatchObject({
      identityFiles: ['/home/me/k'],
      configFile: '/home/me/etc/f',
    });
  });

  test('but for what is about its beginning alone', () => {
    const begun = ['--grace', '7d', '--name', 'w', '--port', '7000', '-L', '1:h:2', 'h:7000'];
    expect(again(...begun)).toEqual(again('h'));
  });
});

describe('how to come back is said in one line', () => {
  const session = { call: 'work', place: 'anna@host', isQuiet: false };

  test.each([
    ['detached', '', 'detached from work on anna@host; et attach work comes back'],
    ['taken-over', 'anna@laptop', 'taken over by anna@laptop; et attach work takes it back'],
    ['taken-over', '', 'taken over by another client; et attach work takes it back'],
  ] as const)('%s by %j', (left, by, message) => {
    expect(leftEnd(left, session, by)).toEqual({ status: 0, left, message });
    expect(leftEnd(left, { ...session, isQuiet: true }, by).message).toBeUndefined();
  });
});

import { describe, expect, test } from 'vitest';
import { EtError } from '../../../src/base/errors.ts';
import { parseCommandLine } from '../../../src/etclient/cli/parse-command-line.ts';
import { serviceArguments } from '../../../src/etclient/cli/service-arguments.ts';

function objection(args: readonly string[]): string {
  try {
    serviceArguments(args);
  } catch (error) {
    if (error instanceof EtError && error.code === 'ET_ERR_USAGE') return error.message;
    throw error;
  }
  return 'accepted';
}

describe('-N is there once', () => {
  test.each([
    [
      ['-L', '5432:db:5432', 'me@host'],
      ['-N', '-L', '5432:db:5432', 'me@host'],
    ],
    [
      ['-N', '-D', '1080', 'host'],
      ['-N', '-D', '1080', 'host'],
    ],
    [
      ['--no-terminal', 'host'],
      ['--no-terminal', 'host'],
    ],
    [
      ['-vND', '1080', 'host'],
      ['-vND', '1080', 'host'],
    ],
    [['host'], ['-N', 'host']],
    [
      ['--', 'status'],
      ['-N', '--', 'status'],
    ],
    [
      ['-n', '-T', 'host'],
      ['-N', '-n', '-T', 'host'],
    ],
    [
      ['-o', 'ProxyCommand=-N', 'host'],
      ['-N', '-o', 'ProxyCommand=-N', 'host'],
    ],
  ])('%j', (args, words) => {
    expect(serviceArguments(args)).toEqual(words);
    expect(parseCommandLine(words)).toMatchObject({ kind: 'connect', work: { kind: 'none' } });
  });
});

describe('what is no service is refused in one line', () => {
  test.each([
    [[], 'no host'],
    [['host', 'uptime'], 'a service only forwards: leave out the command after the host'],
    [['-c', 'htop', 'host'], 'leave out -c'],
    [['-s', 'host', 'sftp'], 'leave out -s'],
    [['-W', 'h:1', 'host'], 'leave out -W'],
    [['-N', '-W', 'h:1', 'host'], 'leave out -W'],
    [['-N', 'host', 'uptime'], '-N runs nothing on the host'],
    [['--tty', 'host'], 'leave out -N or --tty'],
    [['--local', '-L', '1:h:2'], 'leave out --local: a service is et -N to a host, as in'],
    [['--help'], 'leave out --help'],
    [['--version'], 'leave out --version'],
    [['-G', 'host'], 'leave out -G'],
    [['status'], 'leave out status'],
    [['forward', 'ls'], 'leave out forward'],
    [['service', 'ls'], 'leave out service'],
    [['bench', 'host'], 'leave out bench'],
    [['-L', '1', 'host'], '-L "1"'],
    [['--frobnicate', 'host'], '--frobnicate is not a flag'],
    [['-o', 'A=b\nc', 'host'], '"A=b\\nc" has a control character'],
    [['-o', 'A=\u009b', 'host'], 'has a control character'],
    [['-o', 'A=\ufffe', 'host'], 'has a control character'],
  ])('%j: %s', (args, text) => {
    const message = objection(args);
    expect(message).toContain(text);
    expect(message).not.toContain('\n');
  });
});

describe('a file is named from the root, since a service starts elsewhere', () => {
  test.each([
    ['-i', 'key'],
    ['-i', './key'],
    ['-F', 'config'],
    ['-F', '~/config'],
    ['--log', 'et.log'],
    ['--ssh', './wrapper'],
    ['--ssh', 'bin/wrapper -x'],
  ])('not %s %s', (flag, path) => {
    expect(objection([flag, path, 'host'])).toMatch(
      new RegExp(`^${flag} "[^"]+": a service does not start in this directory: `, 'u'),
    );
  });

  test.each([
    ['-i', '/k'],
    ['-i', '~/.ssh/k'],
    ['-i', '%d/k'],
    ['-F', '/c'],
    ['-F', 'none'],
    ['--log', '/l'],
    ['--ssh', 'gcloud compute ssh --x ./y'],
    ['--ssh', '/opt/x'],
    ['--ssh', 'builtin'],
  ])('%s %s', (flag, path) => {
    expect(objection([flag, path, 'host'])).toBe('accepted');
  });
});

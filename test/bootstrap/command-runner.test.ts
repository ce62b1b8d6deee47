import { expect, test } from 'vitest';
import { captureRemote } from '../../src/bootstrap/capture-remote.ts';
import { CommandRunner } from '../../src/bootstrap/command-runner.ts';

/** Shows the words after it. */
const SHOW = `sh -c 'printf "[%%s]" "$@"' sh`;

async function shown(words: string): Promise<string> {
  const command = `${SHOW} ${words}`;
  const environment = { ...process.env };
  const runner = new CommandRunner({
    command,
    destination: 'me@host',
    environment,
    onStderr: () => undefined,
  });
  return (await captureRemote(runner, "exec sh -c 'a b'", { batch: true })).stdout;
}

test.each([
  ['', "[me@host][exec sh -c 'a b']"],
  ['-v', "[-v][me@host][exec sh -c 'a b']"],
  ['-o "a b" %h', "[-o][a b][me@host][exec sh -c 'a b']"],
  ['%h --command=%c -- x', "[me@host][--command=exec sh -c 'a b'][--][x]"],
  ['%c', "[exec sh -c 'a b']"],
  ['exec -i pod --', "[exec][-i][pod][--][sh][-c][exec sh -c 'a b']"],
  ['exec -i %h -- sh -c %c', "[exec][-i][me@host][--][sh][-c][exec sh -c 'a b']"],
  ['100%% %x %%c', "[100%][%x][%c][me@host][exec sh -c 'a b']"],
])('%j', async (words, expected) => {
  expect(await shown(words)).toBe(expected);
});

test.each(['', '  ', "''", "'"])('%j is no command', (command) => {
  const make = (): unknown =>
    new CommandRunner({ command, destination: 'h', environment: {}, onStderr: () => undefined });
  expect(make).toThrow(expect.objectContaining({ code: 'ET_ERR_USAGE' }));
});

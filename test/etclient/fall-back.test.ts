import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { EtError } from '../../src/base/errors.ts';
import { parseCommandLine } from '../../src/etclient/cli/parse-command-line.ts';
import type { ClientIo } from '../../src/etclient/client-io.ts';
import { fallBack } from '../../src/etclient/fall-back.ts';

const MISSING = new EtError('ET_ERR_SERVER_MISSING', 'no etserver on PATH');

const directory = mkdtempSync(join(tmpdir(), 'et-fall-back-'));

afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function fellBack(
  args: readonly string[],
  error: EtError = MISSING,
  path: string = '/nonexistent',
) {
  const command = parseCommandLine(args);
  if (command.kind !== 'connect') throw new Error(command.kind);
  const said: string[] = [];
  const io = { say: (line: string) => void said.push(line) } as Partial<ClientIo> as ClientIo;
  return { status: await fallBack(error, command, io, { PATH: path }), said };
}

test('where there is no ssh to run the command, it says so', async () => {
  const { status, said } = await fellBack(['host', 'true']);
  expect(status).toBe(255);
  expect(said).toEqual([
    'et: no etserver on PATH; plain ssh runs it instead',
    expect.stringMatching(/^et: ssh could not be started: .*ENOENT/u),
  ]);
});

test.each([
  ['a shell', ['host'], MISSING],
  ['who forbids it', ['--fallback', 'none', 'host', 'true'], MISSING],
  ['another error', ['host', 'true'], new EtError('ET_ERR_BOOTSTRAP', 'no')],
])('ssh takes the place of et for none of these: %s', async (_what, args, error) => {
  expect(await fellBack(args, error)).toEqual({ status: undefined, said: [] });
});

test.each([
  ['host ls -l', '-- host ls -l'],
  ['-n host ls', '-n -- host ls'],
  ['--fallback ssh -tt host top', '-tt -- host top'],
  ['-s -p 2222 -l me -- host sftp', '-s -p 2222 -l me -- host sftp'],
  ['-x -C -s host sftp', '-s -o Compression=yes -o ForwardX11=no -- host sftp'],
  ['--fallback ssh -tt -s host sftp', '-tt -s -- host sftp'],
])('et %s is ssh %s', async (ours, theirs) => {
  const told = join(directory, 'told');
  writeFileSync(join(directory, 'ssh'), `#!/bin/sh\necho "$*" >'${told}'\nexit 7\n`, {
    mode: 0o755,
  });
  const { status } = await fellBack(ours.split(' '), MISSING, directory);
  expect([status, readFileSync(told, 'utf8')]).toEqual([7, `${theirs}\n`]);
});

import { expect, test } from 'vitest';
import { EtError } from '../../src/base/errors.ts';
import { parseCommandLine } from '../../src/etclient/cli/parse-command-line.ts';
import type { ClientIo } from '../../src/etclient/client-io.ts';
import { fallBack } from '../../src/etclient/fall-back.ts';

const MISSING = new EtError('ET_ERR_SERVER_MISSING', 'no etserver on PATH');

async function fellBack(args: readonly string[], error: EtError = MISSING) {
  const command = parseCommandLine(args);
  if (command.kind !== 'connect') throw new Error(command.kind);
  const said: string[] = [];
  const io = { say: (line: string) => void said.push(line) } as Partial<ClientIo> as ClientIo;
  return { status: await fallBack(error, command, io, { PATH: '/nonexistent' }), said };
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

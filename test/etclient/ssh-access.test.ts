import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseCommandLine } from '../../src/etclient/cli/parse-command-line.ts';
import { sshAccess } from '../../src/etclient/ssh-access.ts';

test('--ssh COMMAND keeps its words, and gets the login name of -l', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'et-ssh-access-'));
  try {
    const file = join(folder, 'words');
    const script = join(folder, 'a program');
    writeFileSync(script, `#!/bin/sh\nprintf '%s\\n' "$@" >${file}\n`, { mode: 0o755 });
    const command = parseCommandLine(['--ssh', `'${script}' "a b" c\\'d`, '-l', 'me', 'host']);
    if (command.kind !== 'connect') throw new Error(command.kind);
    const { runner } = await sshAccess(command, { PATH: '/usr/bin:/bin' });
    const { exit } = runner.run('remote command', { batch: true });
    expect((await exit).status).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe("a b\nc'd\nme@host\nremote command\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

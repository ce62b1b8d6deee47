import { accessSync, constants } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { CommandRunner } from '../bootstrap/command-runner.ts';
import { readSshConfig, type SshConfig } from '../bootstrap/ssh-config.ts';
import { SystemSshRunner } from '../bootstrap/system-ssh-runner.ts';
import type { SshAccess } from './begin-session.ts';
import type { ConnectCommand } from './cli/client-command.ts';
import { terminalPrompter } from './terminal-prompter.ts';
import { writeStderr } from './write-stderr.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** How a command line reaches its host: the system's ssh where there is one, else the builtin, or a command of the user's. */
export async function sshAccess(
  command: ConnectCommand,
  environment: Environment,
): Promise<SshAccess> {
  const { destination, ssh, sshProgram } = command;
  const hasSsh = isOnPath('ssh', environment);
  const config = async (): Promise<SshConfig | undefined> => {
    if (!hasSsh || Array.isArray(sshProgram)) return undefined;
    return await readSshConfig({ destination, ssh, environment }).catch(() => undefined);
  };
  if (sshProgram !== undefined && sshProgram !== 'builtin') {
    const user = ssh.user ?? destination.user;
    const runner = new CommandRunner({
      command: sshProgram.map(quoted).join(' '),
      destination: user === undefined ? destination.host : `${user}@${destination.host}`,
      environment,
      onStderr: writeStderr,
    });
    return { runner, config };
  }
  if (hasSsh && sshProgram === undefined) {
    return {
      runner: new SystemSshRunner({ destination, ssh, environment, onStderr: writeStderr }),
      config,
    };
  }
  const { Ssh2Runner } = await import('../bootstrap/ssh2-runner.ts');
  const known = await config();
  const runner = new Ssh2Runner({
    destination,
    ssh,
    config: known,
    environment,
    home: homedir(),
    localUser: userInfo().username,
    prompter: terminalPrompter(),
    onStderr: writeStderr,
  });
  return { runner, config: async () => known };
}

/** So that it is one word again. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function isOnPath(program: string, environment: Environment): boolean {
  return (environment['PATH'] ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && canRun(join(folder, program)));
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

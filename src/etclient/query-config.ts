import { spawn } from 'node:child_process';
import { sshArguments } from '../bootstrap/ssh-options.ts';
import type { SshQueryCommand } from './cli/client-command.ts';
import { FAILURE_STATUS } from './exit.ts';

/** `et -G HOST`: what ssh says. git asks this way whether a program is ssh, and takes its ports then. */
export function queryConfig(
  command: SshQueryCommand,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  return new Promise((resolve) => {
    const args = ['-G', ...sshArguments(command.ssh, command.destination)];
    const child = spawn('ssh', args, { stdio: 'inherit', env: environment });
    child.once('error', () => resolve(FAILURE_STATUS));
    child.once('exit', (status) => resolve(status ?? FAILURE_STATUS));
  });
}

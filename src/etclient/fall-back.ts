import { spawn } from 'node:child_process';
import { EtError } from '../base/errors.ts';
import { sshArguments } from '../bootstrap/ssh-options.ts';
import type { ConnectCommand } from './cli/client-command.ts';
import type { ClientIo } from './client-io.ts';
import { FAILURE_STATUS } from './exit.ts';

/**
 * Where the host has no etserver, plain ssh runs the command, and a line says so. For a shell only where the user allows it:
 * who asked for one that survives would not notice that this one does not.
 *
 * @returns ssh's status; `undefined` when it is not for ssh to mend
 */
export async function fallBack(
  error: unknown,
  command: ConnectCommand,
  io: ClientIo,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number | undefined> {
  if (!(error instanceof EtError) || error.code !== 'ET_ERR_SERVER_MISSING') return undefined;
  const isTerminal = command.work.kind !== 'command' || command.terminal === 'forced';
  const wanted = command.fallback ?? (isTerminal ? 'none' : 'ssh');
  if (wanted === 'none' || command.sshProgram !== undefined) return undefined;
  if (!command.quiet) io.say(`et: ${error.message}; plain ssh runs it instead`);
  const tty =
    isTerminal && command.terminal !== 'forbidden' && command.work.kind !== 'shell' ? ['-tt'] : [];
  const line = command.work.kind === 'shell' ? [] : [command.work.command];
  const input = command.noStdin ? ['-n'] : [];
  const args = [...tty, ...input, ...sshArguments(command.ssh, command.destination), ...line];
  return await new Promise((resolve) => {
    const child = spawn('ssh', args, { stdio: 'inherit', env: environment });
    child.once('error', (failure) => {
      io.say(`et: ssh could not be started: ${failure.message}`);
      resolve(FAILURE_STATUS);
    });
    child.once('exit', (status) => resolve(status ?? FAILURE_STATUS));
  });
}

import { spawn } from 'node:child_process';
import { EtError } from '../base/errors.ts';
import { sshArguments } from '../bootstrap/ssh-options.ts';
import { formatEndpoint } from '../forward/endpoint.ts';
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
  const { work } = command;
  // What is to be measured, or read, is not there.
  if (['bench', 'history'].includes(work.kind)) return undefined;
  // What is to survive is not handed to what does not.
  const isMeantToLast =
    work.kind !== 'command' && work.kind !== 'subsystem' && work.kind !== 'stdio';
  const isTerminal =
    work.kind === 'shell' || work.kind === 'terminal-command' || command.terminal === 'forced';
  const wanted = command.fallback ?? (isMeantToLast || isTerminal ? 'none' : 'ssh');
  const forwards = sshForwards(command);
  if (wanted === 'none' || command.sshProgram !== undefined || forwards === undefined)
    return undefined;
  if (!command.quiet) io.say(`et: ${error.message}; plain ssh runs it instead`);
  const tty =
    isTerminal && command.terminal !== 'forbidden' && work.kind !== 'shell' ? ['-tt'] : [];
  const line = 'command' in work ? [work.command] : [];
  const input = command.noStdin ? ['-n'] : [];
  const args = [
    ...tty,
    ...input,
    ...kindOfWork(work),
    ...forwards,
    ...sshArguments(command.ssh, command.destination),
    ...line,
  ];
  return await new Promise((resolve) => {
    const child = spawn('ssh', args, { stdio: 'inherit', env: environment });
    child.once('error', (failure) => {
      io.say(`et: ssh could not be started: ${failure.message}`);
      resolve(FAILURE_STATUS);
    });
    child.once('exit', (status) => resolve(status ?? FAILURE_STATUS));
  });
}

function kindOfWork(work: ConnectCommand['work']): string[] {
  switch (work.kind) {
    case 'subsystem':
      return ['-s'];
    case 'none':
      return ['-N'];
    case 'stdio':
      return ['-W', formatEndpoint(work.target)];
    default:
      return [];
  }
}

const OF_SSH: Readonly<Record<string, string>> = {
  'local-forward': '-L',
  'remote-forward': '-R',
  'dynamic-forward': '-D',
};

/** The forwards as ssh's own flags; `undefined` where one is none that ssh has. */
function sshForwards({ forwards }: ConnectCommand): string[] | undefined {
  const words: string[] = [];
  for (const { key, value } of forwards.typed) {
    const flag = OF_SSH[key];
    if (flag === undefined) return undefined;
    words.push(flag, value);
  }
  if (forwards.gatewayPorts) words.push('-g');
  if (forwards.agent !== undefined) words.push(forwards.agent ? '-A' : '-a');
  return words;
}

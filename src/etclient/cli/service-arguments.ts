import { usageError } from '../../base/usage-error.ts';
import type { ClientCommand, ConnectCommand, Work } from './client-command.ts';
import { parseCommandLine } from './parse-command-line.ts';
import { SERVICE_EXAMPLE } from './service-words.ts';

/** What a command line that connects to no host begins with. */
const OTHERS: Readonly<Record<Exclude<ClientCommand['kind'], 'connect'>, string>> = {
  attach: 'attach',
  detach: 'detach',
  explain: '--explain',
  forward: 'forward',
  help: '--help',
  history: 'history',
  kill: 'kill',
  local: '--local',
  ls: 'ls',
  'print-config': '--print-config',
  service: 'service',
  'ssh-query': '-G',
  status: 'status',
  version: '--version',
};

/** What says that something is to run on the host. */
const RUNNING: Readonly<Record<Exclude<Work['kind'], 'none' | 'shell'>, string>> = {
  bench: 'bench',
  command: 'the command after the host',
  history: 'history',
  stdio: '-W',
  subsystem: '-s',
  'terminal-command': '-c',
};

/** Neither a unit nor a property list can have all of these, and no argument needs one. */
const UNWRITABLE = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;

/**
 * The arguments of `et` for a service: as given, and with `-N`.
 *
 * @throws {EtError} ET_ERR_USAGE, one line
 */
export function serviceArguments(args: readonly string[]): readonly string[] {
  const unwritable = args.find((word) => UNWRITABLE.test(word));
  if (unwritable !== undefined) {
    throw usageError(
      `${JSON.stringify(unwritable)} has a control character, which a service cannot be given`,
    );
  }
  const command = parseCommandLine(args);
  if (command.kind !== 'connect') {
    throw usageError(
      `leave out ${OTHERS[command.kind]}: a service is et -N to a host, as in ${SERVICE_EXAMPLE}`,
    );
  }
  const { kind } = command.work;
  if (kind !== 'none' && kind !== 'shell') {
    throw usageError(`a service only forwards: leave out ${RUNNING[kind]}`);
  }
  refuseRelative(command);
  if (kind === 'none') return args;
  const idle = ['-N', ...args];
  // What does not go with -N is said here, and not in a log.
  parseCommandLine(idle);
  return idle;
}

/** A service is started somewhere else than where it was installed. */
function refuseRelative({ ssh, sshProgram, logFile }: ConnectCommand): void {
  const program = Array.isArray(sshProgram) ? sshProgram[0] : undefined;
  const paths: readonly (readonly [string, string | undefined, RegExp])[] = [
    // ssh itself knows ~ and %d here.
    ...ssh.identityFiles.map((file) => ['-i', file, /^(?:[/~%]|none$)/u] as const),
    ['-F', ssh.configFile, /^(?:\/|none$)/u],
    ['--log', logFile, /^\//u],
    ['--ssh', program, /^(?:\/|[^/]*$)/u],
  ];
  const relative = paths.find(([, each, allowed]) => each !== undefined && !allowed.test(each));
  if (relative === undefined) return;
  const [flag, path] = relative;
  throw usageError(
    `${flag} ${JSON.stringify(path)}: a service does not start in this directory: write the whole path`,
  );
}

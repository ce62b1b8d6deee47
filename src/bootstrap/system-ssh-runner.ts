import { ChildSshProcess } from './child-ssh-process.ts';
import type { Destination } from './destination.ts';
import { type SshOptions, sshArguments } from './ssh-options.ts';
import type { SshProcess, SshRunner, SshRunOptions, StderrSink } from './ssh-runner.ts';

/** What the user's ssh_config may ask for and we must not get. ssh takes the first value of each, so these stand first. */
const OURS: readonly string[] = [
  'RemoteCommand=none',
  'RequestTTY=no',
  'ClearAllForwardings=yes',
  'ForwardAgent=no',
  'ForwardX11=no',
  'PermitLocalCommand=no',
];

/** How long ssh may take to connect when nobody is asked, in seconds. */
const BATCH_CONNECT_TIMEOUT_S = 15;

export interface SystemSshOptions {
  readonly destination: Destination;
  readonly ssh: SshOptions;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onStderr: StderrSink;
  /** Default `ssh`, from PATH. */
  readonly program?: string;
}

/** The system's ssh: it brings the user's whole ssh_config, agent, hardware keys, ProxyJump, ControlMaster, and asks on the terminal. */
export class SystemSshRunner implements SshRunner {
  readonly name = 'ssh';
  readonly #options: SystemSshOptions;

  constructor(options: SystemSshOptions) {
    this.#options = options;
  }

  run(remoteCommand: string, options: SshRunOptions): SshProcess {
    const { destination, ssh, environment, onStderr, program = 'ssh' } = this.#options;
    const settings = options.batch
      ? [...OURS, 'BatchMode=yes', `ConnectTimeout=${BATCH_CONNECT_TIMEOUT_S}`]
      : OURS;
    const command = {
      program,
      arguments: [
        ...settings.flatMap((setting) => ['-o', setting]),
        ...sshArguments(ssh, destination),
        remoteCommand,
      ],
      // A helper window must not ask either.
      environment: options.batch ? { ...environment, SSH_ASKPASS_REQUIRE: 'never' } : environment,
    };
    return new ChildSshProcess(command, options, onStderr);
  }
}

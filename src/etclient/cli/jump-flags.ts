import { asUsageOf, usageError } from '../../base/usage-error.ts';
import { type Destination, parseDestination } from '../../bootstrap/destination.ts';
import type { SshOptions } from '../../bootstrap/ssh-options.ts';
import { ROUTER_PORT } from '../../wire/limits.ts';
import type { GivenFlags } from './given-flags.ts';
import type { SshFlags } from './ssh-flags.ts';

/** `--jumphost`: ssh goes through this host, and links through its router. */
export interface JumpHost {
  readonly destination: Destination;
  /** Of its router. */
  readonly port: number;
}

/** What `--jumphost` and `--jport` make of the flags for ssh. */
export function jumpFlags(
  given: GivenFlags,
  { ssh, sshProgram }: SshFlags,
): { readonly jumpHost?: JumpHost; readonly ssh: SshOptions } {
  const typed = given.last('jumphost')?.value;
  const port = given.value('jport', parsePort);
  // Where no host is named, as in a file that names the port alone, nothing goes through one.
  if (typed === undefined) return { ssh };
  if (ssh.jump !== undefined) {
    throw usageError("--jumphost and -J both name a jump host: -J is ssh's alone, leave one out");
  }
  if (Array.isArray(sshProgram)) {
    throw usageError(
      `--jumphost is not given to the command of --ssh: write what it needs there, as in --ssh "${sshProgram[0]} ..."`,
    );
  }
  const destination = asUsageOf('--jumphost', () => parseDestination(typed));
  if (destination.sshPort !== undefined || destination.serverPort !== undefined) {
    throw usageError(
      `--jumphost ${JSON.stringify(typed)}: a host without a port; its router's is --jport N, and ssh's stands in ssh_config`,
    );
  }
  return { jumpHost: { destination, port: port ?? ROUTER_PORT }, ssh: { ...ssh, jump: typed } };
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/u.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw usageError(
    `--jport ${JSON.stringify(text)}: a port within 1-65535; the default is ${ROUTER_PORT}`,
  );
}

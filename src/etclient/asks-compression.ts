import type { SshConfig } from '../bootstrap/ssh-config.ts';
import type { SshOptions } from '../bootstrap/ssh-options.ts';

const OPTION = /^\s*compression(?:\s+|\s*=\s*)(\S+)/iu;

/**
 * Whether the user wants what a session carries compressed: ssh's Compression, for which `-C` is short. `ssh -G` knows it from flags
 * and ssh_config; where there is no ssh to ask, the flags alone say it, of which the first counts.
 */
export function asksCompression(
  command: { readonly kind: string; readonly ssh?: Pick<SshOptions, 'options'> },
  config: Pick<SshConfig, 'values'> | undefined,
): boolean {
  const typed = command.ssh?.options.flatMap((option) => OPTION.exec(option)?.[1] ?? []) ?? [];
  const said = config?.values.get('compression')?.[0] ?? typed[0];
  return said?.toLowerCase() === 'yes';
}

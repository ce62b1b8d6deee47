import { quoteForAnyShell } from './quote-for-any-shell.ts';
import { REMOTE_SCRIPT } from './remote-script.ts';

/** What to run on the host. */
export interface RemoteCommandOptions {
  /** The subcommand of etserver and its arguments; never a secret, since everybody on the host can read it. */
  readonly subcommand: readonly string[];
  /** `--server-path`: where etserver is; a leading `~/` is the home directory on the host. */
  readonly serverPath?: string | undefined;
  /**
   * True: etserver runs in a process session of its own, with the channel as its stdin and stdout until it closes them, and
   * gets `--detached` where it need not detach by itself. False: it takes the place of the shell.
   */
  readonly background: boolean;
}

/**
 * One line that any login shell (sh, bash, zsh, fish, csh, tcsh) understands in the same way.
 * Where no etserver, or no Node for it, is found, it prints an error reply by itself (PROTOCOL.md section 2) and ends with 127.
 */
export function remoteCommand(options: RemoteCommandOptions): string {
  const words = [options.background ? 'b' : 'f', options.serverPath ?? '', ...options.subcommand];
  return `exec sh -c '${REMOTE_SCRIPT}' sh ${words.map(quoteForAnyShell).join(' ')}`;
}

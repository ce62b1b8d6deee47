import type { SessionFlags } from './cli/client-command.ts';
import type { ClientIo } from './client-io.ts';

/** A terminal is given to a shell where there is one here, to a command where it is asked for: as ssh does. */
export function decideTerminal(
  flags: Pick<SessionFlags, 'work' | 'terminal' | 'noStdin'>,
  io: Pick<ClientIo, 'isInputTerminal'>,
  requestTty: 'auto' | 'no' | 'yes' | 'force',
): boolean {
  if (flags.work.kind === 'terminal-command') return true;
  if (flags.terminal !== 'default') return flags.terminal === 'forced';
  // A subsystem speaks a protocol: what a user has configured for commands would break it.
  if (flags.work.kind === 'subsystem') return false;
  if (flags.work.kind === 'none' || flags.work.kind === 'stdio') return false;
  if (flags.work.kind === 'bench' || flags.work.kind === 'history') return false;
  if (requestTty === 'force') return true;
  if (requestTty === 'no' || !io.isInputTerminal || flags.noStdin) return false;
  return flags.work.kind === 'shell' || requestTty === 'yes';
}

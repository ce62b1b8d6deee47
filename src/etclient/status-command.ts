import type { Clock } from '../base/clock.ts';
import { clientsNamed, nobody } from './choose-client.ts';
import type { StatusCommand } from './cli/subcommands.ts';
import { ControlClient } from './control-client.ts';
import { controlDirectories } from './control-directory.ts';
import { FAILURE_STATUS, type WorkEnd } from './exit.ts';
import { formatStatus } from './format-status.ts';

/** What a command needs that asks clients which run. */
export interface AskingDeps {
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly userId: number;
  /** To standard output; settles once it is there. */
  readonly write: (text: string) => Promise<void>;
}

/** `et status` */
export async function statusCommand(command: StatusCommand, deps: AskingDeps): Promise<WorkEnd> {
  const { clients, silent } = await controlClient(deps).find();
  const named = clientsNamed(clients, command.session);
  const sessions = named.map(({ status }) => status);
  if (command.session !== undefined && named.length === 0) {
    const message = clients.length === 0 ? nobody(silent) : `no session ${command.session}`;
    return { status: FAILURE_STATUS, message };
  }
  if (command.json) await deps.write(`${JSON.stringify({ sessions })}\n`);
  else if (sessions.length > 0) await deps.write(formatStatus(sessions));
  if (silent.length > 0) return { status: 0, message: nobody(silent) };
  if (sessions.length === 0 && !command.json) return { status: 0, message: nobody(silent) };
  return { status: 0 };
}

export function controlClient({ clock, environment, home, userId }: AskingDeps): ControlClient {
  const directories = controlDirectories(environment, home);
  return new ControlClient({ clock, directories, ownerId: userId });
}

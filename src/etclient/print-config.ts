import { mayBeThere } from '../config/may-be-there.ts';
import type { PrintConfigCommand } from './cli/client-command.ts';
import type { WorkEnd } from './exit.ts';
import { formatSettings } from './format-settings.ts';
import { settingsPaths } from './settings-here.ts';
import { sshAccess } from './ssh-access.ts';
import type { AskingDeps } from './status-command.ts';

/** `et --print-config HOST`. It connects nowhere. */
export async function printConfig(
  command: PrintConfigCommand,
  deps: Pick<AskingDeps, 'environment' | 'home' | 'write'>,
): Promise<WorkEnd> {
  const { environment, write } = deps;
  const access = await sshAccess(command.command, environment);
  const files = settingsPaths(deps).map((path) => ({ path, isThere: mayBeThere(path) }));
  await write(formatSettings(command, { ssh: await access.config(), environment, files }));
  return { status: 0 };
}

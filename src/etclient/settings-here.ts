import { configPaths } from '../config/config-paths.ts';
import { chooseValues } from '../config/found-value.ts';
import { mayBeThere } from '../config/may-be-there.ts';
import { CLIENT_KEYS } from './cli/config-keys.ts';
import { environmentValues } from './cli/environment-values.ts';
import type { Settings } from './cli/settings.ts';

export interface SettingsDeps {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly userId: number;
}

/**
 * What is configured here beside the command line: the environment first, then the user's file, then the system's. Nothing is read
 * until it is asked for, so that et --help needs no file to be right. Where there is no file, as mostly, none of what reads one is
 * loaded.
 */
export async function settingsHere(
  deps: SettingsDeps,
  paths: readonly string[] = settingsPaths(deps),
): Promise<Settings> {
  const { environment, home } = deps;
  const files = paths.filter(mayBeThere);
  const inFiles =
    files.length === 0 ? undefined : (await import('./read-settings.ts')).readSettings(files, deps);
  return {
    valuesFor: (host) =>
      chooseValues(CLIENT_KEYS, [
        ...environmentValues(environment, home),
        ...(inFiles?.(host) ?? []),
      ]),
  };
}

/** The most binding first. */
export function settingsPaths({
  environment,
  home,
}: Omit<SettingsDeps, 'userId'>): readonly string[] {
  const { user, system } = configPaths('config.toml', environment, home);
  return user === undefined ? [system] : [user, system];
}

import { isAbsolute, join } from 'node:path';

/** Where a file of configuration may be. */
export interface ConfigPaths {
  readonly system: string;
  /** `undefined` where the user has no home. */
  readonly user: string | undefined;
}

/** The places of the file `name`, of which each may be missing. */
export function configPaths(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
): ConfigPaths {
  const configured = environment['XDG_CONFIG_HOME'] ?? '';
  // The XDG base directory specification: a relative path is to be ignored.
  const directory = isAbsolute(configured) ? configured : join(home, '.config');
  return {
    system: `/etc/everterm/${name}`,
    user: isAbsolute(directory) ? join(directory, 'everterm', name) : undefined,
  };
}

import { isAbsolute, join } from 'node:path';

/** The system's file, which binds, and the user's, which can restrict further. */
export function policyPaths(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): readonly string[] {
  const configured = env['XDG_CONFIG_HOME'] ?? '';
  // The XDG base directory specification: a relative path is to be ignored.
  const directory = isAbsolute(configured) ? configured : join(home, '.config');
  const system = '/etc/everterm/server.toml';
  return isAbsolute(directory) ? [system, join(directory, 'everterm/server.toml')] : [system];
}

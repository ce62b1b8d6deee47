/** `$XDG_STATE_HOME/everterm`, by default in `~/.local/state` (XDG Base Directory Specification). */
export function stateDirectory(
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
): string {
  const state = environment['XDG_STATE_HOME'];
  // The specification says that a relative path is to be ignored.
  const base = state?.startsWith('/') === true ? state : `${home}/.local/state`;
  return `${base}/everterm`;
}

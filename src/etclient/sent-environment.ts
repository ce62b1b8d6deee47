/** Of the client's environment, always sent: what tells programs which terminal and language they have. */
const ALWAYS = /^(?:COLORTERM|LANG|LC_[A-Z_]+)$/u;

/** What a session's programs get of this environment, beside TERM: ssh_config's SendEnv and SetEnv decide (ssh_config(5)). */
export function sentEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  sendEnv: readonly string[],
  setEnv: Readonly<Record<string, string>>,
): Record<string, string> {
  const patterns = sendEnv.map(patternOf);
  const sent: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) continue;
    if (ALWAYS.test(name) || patterns.some((pattern) => pattern.test(name))) sent[name] = value;
  }
  return { ...sent, ...setEnv };
}

/** ssh_config's patterns: * is any number of characters, ? is one. */
function patternOf(text: string): RegExp {
  const escaped = text.replaceAll(/[.+^${}()|[\]\\]/gu, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'u');
}

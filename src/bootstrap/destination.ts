import { EtError } from '../base/errors.ts';

/** Where to go, as the user wrote it. What is left out is for ssh_config to say. */
export interface Destination {
  readonly user: string | undefined;
  /** A name, an alias of ssh_config, or an address; IPv6 without its brackets. */
  readonly host: string;
  /** `host:N`: the port of the session server, ours. */
  readonly serverPort: number | undefined;
  /** `ssh://host:N`: the port of sshd. */
  readonly sshPort: number | undefined;
}

const ADVICE =
  'write [user@]host[:port], with an IPv6 address in brackets, or ssh://[user@]host[:port]';

/**
 * Reads `[user@]host[:port]` and `ssh://[user@]host[:port]`. The port of the first is the session server's, that of the second
 * is ssh's, as each reader expects. A leading dash is refused, since both parts end up on command lines.
 *
 * @throws {EtError} ET_ERR_USAGE
 */
export function parseDestination(text: string): Destination {
  const isUrl = /^ssh:\/\//iu.test(text);
  const rest = isUrl ? text.slice('ssh://'.length).replace(/\/$/u, '') : text;
  // The last @ divides, as in ssh: some directories have users called name@domain.
  const at = rest.lastIndexOf('@');
  const user = at < 0 ? undefined : decode(rest.slice(0, at), isUrl, text);
  const { host, port } = splitPort(rest.slice(at + 1), text);
  if (!isSafe(host) || /[[\]/]/u.test(host) || (user !== undefined && !isSafe(user))) {
    throw usage(text, 'is not a destination');
  }
  return {
    user,
    host,
    serverPort: isUrl ? undefined : port,
    sshPort: isUrl ? port : undefined,
  };
}

function splitPort(text: string, whole: string): { host: string; port: number | undefined } {
  const bracketed = /^\[([^[\]]*)\](?::(.*))?$/u.exec(text);
  if (bracketed !== null) {
    return { host: bracketed[1] ?? '', port: parsePort(bracketed[2], whole) };
  }
  const colon = text.indexOf(':');
  if (colon < 0) return { host: text, port: undefined };
  // Two colons without brackets: an address. Its last group could be a port as well, and a guess would be wrong for somebody.
  if (text.indexOf(':', colon + 1) >= 0) return { host: text, port: undefined };
  return { host: text.slice(0, colon), port: parsePort(text.slice(colon + 1), whole) };
}

function parsePort(text: string | undefined, whole: string): number | undefined {
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/u.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535)
    throw usage(whole, `has the port ${JSON.stringify(text)}, allowed is 1-65535`);
  return port;
}

function decode(user: string, isUrl: boolean, whole: string): string {
  if (!isUrl) return user;
  try {
    return decodeURIComponent(user);
  } catch (cause) {
    throw usage(whole, 'has a user name that is not percent-encoded correctly', cause);
  }
}

/** Neither empty nor an option, and nothing that a terminal or a command line would take for more than a name. */
function isSafe(part: string): boolean {
  return /^[^-\p{Cc}\s][^\p{Cc}\s]*$/u.test(part);
}

function usage(text: string, problem: string, cause?: unknown): EtError {
  return new EtError('ET_ERR_USAGE', `${JSON.stringify(text)} ${problem}`, {
    advice: ADVICE,
    cause,
  });
}

import { execFile } from 'node:child_process';
import { EtError } from '../base/errors.ts';
import type { Destination } from './destination.ts';
import { type SshOptions, sshArguments } from './ssh-options.ts';

/** What `ssh -G` says about a destination: all of ssh_config, resolved. */
export interface SshConfig {
  /** Where ssh connects to; the name or address that we dial. */
  readonly hostName: string;
  readonly user: string;
  readonly port: number;
  /** Patterns of the environment variables to send, in order: `LANG`, `LC_*`, `-LC_TIME`. */
  readonly sendEnv: readonly string[];
  /** Variables to set on the host. */
  readonly setEnv: Readonly<Record<string, string>>;
  /** The command to run in place of a shell; `undefined` for `none`. */
  readonly remoteCommand: string | undefined;
  readonly requestTty: 'auto' | 'no' | 'yes' | 'force';
  readonly proxyJump: string | undefined;
  readonly proxyCommand: string | undefined;
  /** One character, `^X`, or `none`. */
  readonly escapeChar: string;
  readonly forwardAgent: string;
  readonly localForwards: readonly string[];
  readonly remoteForwards: readonly string[];
  readonly dynamicForwards: readonly string[];
  readonly serverAliveIntervalSeconds: number;
  readonly connectTimeoutSeconds: number | undefined;
  /** Every keyword, in lower case, with all its values in order. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

export interface ReadSshConfigOptions {
  readonly destination: Destination;
  readonly ssh: SshOptions;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Default `ssh`, from PATH. */
  readonly program?: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks `ssh -G`. It connects nowhere and takes about 8 ms: start it beside the bootstrap, not before.
 *
 * @throws {EtError} ET_ERR_BOOTSTRAP with what ssh said.
 */
export function readSshConfig(options: ReadSshConfigOptions): Promise<SshConfig> {
  const { destination, ssh, environment, program = 'ssh', signal } = options;
  const words = ['-G', ...sshArguments(ssh, destination)];
  return new Promise((resolve, reject) => {
    const settings = { env: environment, maxBuffer: 16 * 1024 * 1024, signal };
    const child = execFile(program, words, settings, (cause, stdout, stderr) => {
      if (cause === null) return resolve(parseSshConfig(stdout));
      const said = stderr.trim().split('\n').at(-1);
      const message = `ssh -G failed: ${said === undefined || said === '' ? cause.message : said}`;
      reject(new EtError('ET_ERR_BOOTSTRAP', message, { cause, advice: 'check ~/.ssh/config' }));
    });
    child.stdin?.end();
  });
}

/** Reads the output of `ssh -G`: a keyword in lower case, a blank, a value on each line. */
export function parseSshConfig(text: string): SshConfig {
  const values = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [, keyword, value = ''] = /^(\S+)(?: (.*?))?\r?$/u.exec(line) ?? [];
    if (keyword === undefined) continue;
    const known = values.get(keyword.toLowerCase());
    if (known === undefined) values.set(keyword.toLowerCase(), [value]);
    else known.push(value);
  }
  const first = (keyword: string): string | undefined => values.get(keyword)?.[0];
  const all = (keyword: string): readonly string[] => values.get(keyword) ?? [];
  return {
    hostName: first('hostname') ?? '',
    user: first('user') ?? '',
    port: numberOf(first('port')) ?? 22,
    sendEnv: all('sendenv')
      .flatMap((value) => value.split(/\s+/u))
      .filter((each) => each !== ''),
    setEnv: assignments(all('setenv')),
    remoteCommand: unlessNone(first('remotecommand')),
    requestTty: ttyOf(first('requesttty')),
    proxyJump: unlessNone(first('proxyjump')),
    proxyCommand: unlessNone(first('proxycommand')),
    // A control character is printed as \^B.
    escapeChar: (first('escapechar') ?? '~').replace(/^\\\^/u, '^'),
    forwardAgent: first('forwardagent') ?? 'no',
    localForwards: all('localforward'),
    remoteForwards: all('remoteforward'),
    dynamicForwards: all('dynamicforward'),
    serverAliveIntervalSeconds: numberOf(first('serveraliveinterval')) ?? 0,
    connectTimeoutSeconds: numberOf(first('connecttimeout')),
    values,
  };
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/u.test(text) ? Number(text) : undefined;
}

function unlessNone(text: string | undefined): string | undefined {
  return text === undefined || text === '' || text.toLowerCase() === 'none' ? undefined : text;
}

/** ssh -G prints `true` and `false` for what the manual calls `yes` and `no`. */
function ttyOf(text: string | undefined): SshConfig['requestTty'] {
  if (text === 'force') return 'force';
  if (text === 'yes' || text === 'true') return 'yes';
  return text === 'no' || text === 'false' ? 'no' : 'auto';
}

function assignments(texts: readonly string[]): Record<string, string> {
  const pairs = texts.map((text) => {
    const equals = text.indexOf('=');
    return equals < 1 ? undefined : ([text.slice(0, equals), text.slice(equals + 1)] as const);
  });
  // The first of several wins, as in ssh; fromEntries takes the last.
  return Object.fromEntries(pairs.filter((pair) => pair !== undefined).toReversed());
}

import { join } from 'node:path';
import { EtError } from '../base/errors.ts';
import type { Destination } from './destination.ts';
import type { HostKeyCheckOptions } from './host-key-check.ts';
import type { SshConfig } from './ssh-config.ts';
import type { SshOptions } from './ssh-options.ts';

/** What the builtin ssh needs to know of a host. */
export interface Ssh2Settings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly family: 4 | 6 | undefined;
  /** The name that known_hosts is searched for. */
  readonly knownAs: string;
  readonly strictness: HostKeyCheckOptions['strictness'];
  readonly userKnownHostsFiles: readonly string[];
  readonly globalKnownHostsFiles: readonly string[];
  readonly identityFiles: readonly string[];
  /** `undefined`: there is none, or it is not to be used. */
  readonly agentSocket: string | undefined;
}

export interface Ssh2SettingsOptions {
  readonly destination: Destination;
  readonly ssh: SshOptions;
  /** The result of `ssh -G`, where there is an ssh to ask. */
  readonly config: SshConfig | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Who we are on this machine. */
  readonly localUser: string;
}

type Values = ReadonlyMap<string, readonly string[]>;

const DEFAULT_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'];
const SYSTEM_KNOWN_HOSTS = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'];

/**
 * With `config`, which `ssh -G` has made of ssh_config and the command line, all of what the builtin ssh understands of it is
 * obeyed. Without, there is only the command line (`-i -l -p -4 -6 -o`) and the defaults: no ssh_config is read then.
 *
 * @throws {EtError} ET_ERR_BOOTSTRAP for a way through another host, which the builtin ssh does not know.
 */
export function resolveSsh2Settings(options: Ssh2SettingsOptions): Ssh2Settings {
  const { destination, ssh, config, environment, home, localUser } = options;
  const values = config?.values ?? optionValues(ssh.options);
  refuseProxy(ssh, values);
  const host = config?.hostName ?? first(values, 'hostname') ?? destination.host;
  const port =
    config?.port ?? ssh.port ?? destination.sshPort ?? Number(first(values, 'port') ?? 22);
  const user = config?.user ?? ssh.user ?? destination.user ?? first(values, 'user') ?? localUser;
  const expand = (path: string): string =>
    path
      .replace(/^~(?=\/)/u, home)
      .replace(
        /%([%dhru])/gu,
        (_, key: string) => ({ d: home, h: host, r: user, u: localUser })[key] ?? '%',
      );
  const files = (keyword: string, fallback: readonly string[]): string[] => {
    const given = values.get(keyword)?.flatMap((value) => value.split(/\s+/u)) ?? fallback;
    return given.filter((path) => path !== '' && path !== 'none').map(expand);
  };
  return {
    host,
    port,
    user,
    family: familyOf(first(values, 'addressfamily')) ?? ssh.family,
    // As in ssh, the name that was asked for and not what it stands for; unless that is an alias, which ssh has resolved.
    knownAs: unlessNone(first(values, 'hostkeyalias')) ?? host,
    strictness: strictnessOf(first(values, 'stricthostkeychecking')),
    userKnownHostsFiles: files(
      'userknownhostsfile',
      ['known_hosts', 'known_hosts2'].map((name) => join(home, '.ssh', name)),
    ),
    globalKnownHostsFiles: files('globalknownhostsfile', SYSTEM_KNOWN_HOSTS),
    identityFiles: identityFiles(ssh, config, values, home).map(expand),
    agentSocket: agentOf(values, environment, expand),
  };
}

/** `-o Name=value` and `-o 'Name value'`; the first of several counts, as in ssh, but for files of keys. */
function optionValues(options: readonly string[]): Values {
  const values = new Map<string, string[]>();
  for (const option of options) {
    const [, keyword, value] = /^\s*(\w+)(?:\s*=\s*|\s+)"?(.*?)"?\s*$/u.exec(option) ?? [];
    if (keyword === undefined || value === undefined) {
      throw new EtError('ET_ERR_USAGE', `-o ${JSON.stringify(option)} is not Name=value`, {
        advice: 'write it as in ssh_config',
      });
    }
    const key = keyword.toLowerCase();
    const known = values.get(key);
    if (known === undefined) values.set(key, [value]);
    else if (key === 'identityfile') known.push(value);
  }
  return values;
}

function refuseProxy(ssh: SshOptions, values: Values): void {
  const proxy =
    ssh.jump ?? unlessNone(first(values, 'proxyjump')) ?? unlessNone(first(values, 'proxycommand'));
  if (proxy === undefined) return;
  throw new EtError('ET_ERR_BOOTSTRAP', `the builtin ssh cannot go through ${proxy}`, {
    advice: "install OpenSSH's ssh, and leave --ssh builtin out",
  });
}

function identityFiles(
  ssh: SshOptions,
  config: SshConfig | undefined,
  values: Values,
  home: string,
): readonly string[] {
  const given =
    config === undefined
      ? [...ssh.identityFiles, ...(values.get('identityfile') ?? [])]
      : (values.get('identityfile') ?? []);
  const named = given.filter((file) => file !== 'none');
  return named.length > 0 ? named : DEFAULT_KEYS.map((name) => join(home, '.ssh', name));
}

/** With IdentitiesOnly the agent is left out, since ssh2 would offer every key it has. */
function agentOf(
  values: Values,
  environment: Readonly<Record<string, string | undefined>>,
  expand: (path: string) => string,
): string | undefined {
  const given = first(values, 'identityagent');
  if (given?.toLowerCase() === 'none' || isYes(first(values, 'identitiesonly'))) return undefined;
  const path =
    given === undefined || given === 'SSH_AUTH_SOCK' ? environment['SSH_AUTH_SOCK'] : expand(given);
  return path === '' ? undefined : path;
}

function strictnessOf(text: string | undefined): Ssh2Settings['strictness'] {
  if (isYes(text)) return 'yes';
  if (text === 'accept-new') return 'accept-new';
  return text === 'no' || text === 'off' || text === 'false' ? 'no' : 'ask';
}

function familyOf(text: string | undefined): 4 | 6 | undefined {
  if (text === 'inet') return 4;
  return text === 'inet6' ? 6 : undefined;
}

function isYes(text: string | undefined): boolean {
  return text === 'yes' || text === 'true';
}

function first(values: Values, keyword: string): string | undefined {
  return values.get(keyword)?.[0];
}

function unlessNone(text: string | undefined): string | undefined {
  return text?.toLowerCase() === 'none' ? undefined : text;
}

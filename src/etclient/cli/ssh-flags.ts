import { asUsageOf, usageError } from '../../base/usage-error.ts';
import { splitWords } from '../../bootstrap/split-words.ts';
import type { SshOptions } from '../../bootstrap/ssh-options.ts';
import type { ConnectCommand } from './client-command.ts';
import { parseName, parseSshPort } from './flag-values.ts';
import { type GivenFlags, spelled } from './given-flags.ts';
import type { ClientFlagKey } from './option-table.ts';

/** What is handed to ssh. */
export interface SshFlags {
  readonly ssh: SshOptions;
  readonly sshProgram: ConnectCommand['sshProgram'];
}

/** Flags that a command in place of ssh would not be given. */
const OF_SSH_ONLY: readonly ClientFlagKey[] = [
  'config-file',
  'identity',
  'ipv4',
  'ipv6',
  'jump',
  'ssh-option',
  'ssh-port',
];

/** Flags that are short for an option. ssh takes the first value of each, and a flag goes before `-o`: these stand first. */
const FLAG_SETTINGS: readonly (readonly [ClientFlagKey, string])[] = [
  ['compress', 'Compression=yes'],
  ['no-x11', 'ForwardX11=no'],
];

export function sshFlags(given: GivenFlags): SshFlags {
  const sshProgram = given.value('ssh', parseSshProgram);
  const lost = OF_SSH_ONLY.find((key) => given.has(key));
  if (lost !== undefined && Array.isArray(sshProgram)) {
    throw usageError(
      `${spelled(lost)} is not given to the command of --ssh: write what it needs there, as in --ssh "${sshProgram[0]} ..."`,
    );
  }
  return { ssh: sshOptions(given), sshProgram };
}

function sshOptions(given: GivenFlags): SshOptions {
  const login = given.last('login', 'username');
  const settings = FLAG_SETTINGS.flatMap(([key, setting]) => (given.has(key) ? [setting] : []));
  const family = given.last('ipv4', 'ipv6')?.key;
  return {
    identityFiles: given.all('identity').map((text) => parseName('-i', text)),
    configFile: given.value('config-file', (text) => parseName('-F', text)),
    options: [...settings, ...given.all('ssh-option').map((text) => parseName('-o', text))],
    jump: given.value('jump', (text) => parseName('-J', text)),
    family: family === undefined ? undefined : family === 'ipv4' ? 4 : 6,
    port: given.value('ssh-port', parseSshPort),
    quiet: given.has('quiet'),
    user: login === undefined ? undefined : parseName(spelled(login.key), login.value),
  };
}

function parseSshProgram(text: string): 'builtin' | readonly string[] {
  if (text === 'builtin') return text;
  const words = asUsageOf('--ssh', () => splitWords(text));
  if (words.length === 0) throw usageError('--ssh needs a command, or builtin');
  return words;
}

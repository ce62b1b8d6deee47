import { hideSecrets } from '../base/hide-secrets.ts';
import { nearestWord } from '../base/nearest-word.ts';
import { printable } from '../base/printable.ts';
import type { SshConfig } from '../bootstrap/ssh-config.ts';
import { isListKind } from '../config/config-value.ts';
import { formatTomlString } from '../config/format-toml.ts';
import type { PlacedText } from '../config/found-value.ts';
import type { PrintConfigCommand } from './cli/client-command.ts';
import { CLIENT_KEYS, type ClientKey, variableOf } from './cli/config-keys.ts';
import { typedValue } from './cli/settings.ts';

export interface FormatSettingsOptions {
  /** `undefined` where there is no ssh to ask. */
  readonly ssh: SshConfig | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The files that were looked for, and whether each is there. */
  readonly files: readonly { readonly path: string; readonly isThere: boolean }[];
}

const COMMENT_COLUMN = 40;

/**
 * Every key, its value for a destination, and who says so: lines of a file of configuration that would say the same, with comments.
 * What ssh_config says in lists stays a comment, as it counts besides. Passwords are not shown.
 */
export function formatSettings(
  command: PrintConfigCommand,
  options: FormatSettingsOptions,
): string {
  const lines = [
    ...headOf(command, options),
    '',
    ...CLIENT_KEYS.flatMap((key) => linesOf(key, command, options.ssh)),
    ...misspelt(options.environment).map((line) => `# ${line}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function headOf(
  { command }: PrintConfigCommand,
  { ssh, files }: FormatSettingsOptions,
): readonly string[] {
  const { host } = command.destination;
  const real =
    ssh === undefined ? 'ssh_config is not asked' : `HostName of ssh_config: ${ssh.hostName}`;
  return [
    `# host ${host}; ${real}`,
    ...files.map(({ path, isThere }) => `# ${path}${isThere ? '' : ' (not there)'}`),
  ].map(printable);
}

function linesOf(
  key: ClientKey,
  { command, typed, applied }: PrintConfigCommand,
  ssh: SshConfig | undefined,
): readonly string[] {
  const { name, kind } = key;
  const own = typedValue(key, typed)?.entries ?? [];
  const found = applied.find((each) => each.name === name)?.entries;
  const configured = ssh === undefined ? [] : (key.ssh?.of(ssh) ?? []);
  const source = `ssh_config: ${key.ssh?.keyword}`;
  if (isListKind(kind)) {
    const isNothing = own.length === 0 && found === undefined && configured.length === 0;
    if (isNothing) return [withComment(`${name} = []`, 'default')];
    return [
      `${name} = [`,
      ...[...own, ...(found ?? [])].map(({ text, place }) =>
        withComment(`  ${formatValue(key, text)},`, place),
      ),
      ...configured.map((value) => `  # ${printable(hideSecrets(value))} (${source})`),
      ']',
    ];
  }
  const ofHost = name === 'port' ? command.destination.serverPort : undefined;
  if (ofHost !== undefined) return [withComment(`${name} = ${ofHost}`, 'the host')];
  const [first] = [...own, ...(found ?? []), ...configured.map((text) => placed(text, source))];
  const known = first ?? (key.default && placed(key.default, 'default'));
  if (known) return [withComment(`${name} = ${formatValue(key, known.text)}`, known.place)];
  return [`# ${name}: default, ${key.otherwise ?? 'nothing'}`];
}

function placed(text: string, place: string): PlacedText {
  return { text, place };
}

function withComment(line: string, comment: string): string {
  return `${line.padEnd(COMMENT_COLUMN)} # ${printable(comment)}`;
}

function formatValue({ kind }: ClientKey, text: string): string {
  if (kind === 'switch' || kind === 'level') return text;
  if (kind === 'amount' && /^(?:0|[1-9]\d{0,8})$/u.test(text)) return text;
  return formatTomlString(hideSecrets(text));
}

/** Variables that look like ours, and are not: nobody else would tell. */
function misspelt(environment: FormatSettingsOptions['environment']): readonly string[] {
  const known = CLIENT_KEYS.map(({ name }) => variableOf(name));
  return Object.keys(environment).flatMap((name) => {
    if (!name.startsWith('EVERTERM_') || known.includes(name)) return [];
    // What all have in common says nothing about what was meant.
    const nearest = nearestWord(
      name.slice(variableOf('').length),
      known.map((each) => each.slice(variableOf('').length)),
    );
    if (nearest === undefined) return [];
    return [printable(`${name} says nothing to et; did you mean ${variableOf(nearest)}?`)];
  });
}

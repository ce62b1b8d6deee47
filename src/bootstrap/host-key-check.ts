import { EtError, messageOf } from '../base/errors.ts';
import { knownHostName } from './host-pattern.ts';
import {
  fingerprintOf,
  type HostKeyVerdict,
  judgeHostKey,
  type KnownHost,
  keyTypeOf,
} from './known-hosts.ts';
import { appendKnownHost } from './known-hosts-file.ts';
import type { Prompter } from './prompter.ts';

export interface HostKeyCheckOptions {
  /** The name to look up: HostKeyAlias, or the host. */
  readonly host: string;
  readonly port: number;
  readonly entries: readonly KnownHost[];
  /** Where a key is added; `undefined`: nowhere. */
  readonly appendTo: string | undefined;
  /**
   * As StrictHostKeyChecking: `yes` refuses an unknown key, `ask` asks, `accept-new` and `no` take it.
   * A changed or revoked key is refused whatever it says.
   */
  readonly strictness: 'yes' | 'ask' | 'accept-new' | 'no';
  /** True: nobody is asked. */
  readonly batch: boolean;
  readonly prompter: Prompter;
}

/**
 * Decides whether a host is the one it says it is, by the key it has shown and proved to hold.
 *
 * @throws {EtError} ET_ERR_HOST_KEY when it is not to be trusted.
 */
export async function checkHostKey(options: HostKeyCheckOptions, key: Uint8Array): Promise<void> {
  const { host, port, entries } = options;
  const verdict = await judgeHostKey(entries, host, port, key);
  if (verdict.kind === 'known') return;
  if (verdict.kind !== 'unknown') throw await refusal(options, verdict, key);
  const isTaken = options.strictness === 'accept-new' || options.strictness === 'no';
  if (!isTaken && !(await isConfirmed(options, verdict.others, key))) {
    throw await unconfirmed(options, key);
  }
  await remember(options, key);
}

async function refusal(
  { host, port }: HostKeyCheckOptions,
  verdict: Extract<HostKeyVerdict, { kind: 'changed' | 'revoked' }>,
  key: Uint8Array,
): Promise<EtError> {
  const { known } = verdict;
  const shown = `${keyTypeOf(key)} ${await fingerprintOf(key)}`;
  const place = `${known.file}:${known.line}`;
  if (verdict.kind === 'revoked') {
    return new EtError('ET_ERR_HOST_KEY', `the key of ${host}, ${shown}, is revoked by ${place}`, {
      advice: 'do not connect: whoever has this key is not the host',
    });
  }
  const expected = `${known.type} ${await fingerprintOf(known.key)}`;
  const message = `the host key of ${host} has changed: it shows ${shown}, known is ${expected} (${place})`;
  const name = knownHostName(host, port);
  return new EtError('ET_ERR_HOST_KEY', message, {
    advice: `somebody may be listening; if the change is expected: ssh-keygen -f ${known.file} -R '${name}'`,
  });
}

/** Asks as ssh does: yes, no, or the fingerprint itself. */
async function isConfirmed(
  options: HostKeyCheckOptions,
  others: readonly KnownHost[],
  key: Uint8Array,
): Promise<boolean> {
  const { host, port, prompter, strictness, batch } = options;
  if (batch || strictness === 'yes') return false;
  const fingerprint = await fingerprintOf(key);
  prompter.say(`The authenticity of host '${knownHostName(host, port)}' can't be established.`);
  prompter.say(`${keyTypeOf(key)} key fingerprint is ${fingerprint}.`);
  for (const { marker, type, file, line } of others) {
    prompter.say(
      marker === 'cert-authority'
        ? `An authority for its certificates is known (${file}:${line}), but the builtin ssh cannot check certificates.`
        : `A key of another type is known for it: ${type} (${file}:${line}).`,
    );
  }
  let question = 'Are you sure you want to continue connecting (yes/no/[fingerprint])? ';
  for (;;) {
    const answer = (await prompter.ask(question, { echo: true }))?.trim();
    if (answer === undefined || answer.toLowerCase() === 'no') return false;
    if (answer.toLowerCase() === 'yes' || answer === fingerprint) return true;
    question = "Please type 'yes', 'no' or the fingerprint: ";
  }
}

async function unconfirmed(
  { host, strictness, batch }: HostKeyCheckOptions,
  key: Uint8Array,
): Promise<EtError> {
  const shown = `${keyTypeOf(key)} ${await fingerprintOf(key)}`;
  const isUnasked = batch || strictness === 'yes';
  return new EtError(
    'ET_ERR_HOST_KEY',
    `the host key of ${host}, ${shown}, is ${isUnasked ? 'not known' : 'not confirmed'}`,
    {
      advice: 'ask whoever runs the host for its fingerprint, connect once and confirm it',
    },
  );
}

/** A key that cannot be written down is asked about again; that is no reason not to connect. */
async function remember(
  { host, port, appendTo, prompter }: HostKeyCheckOptions,
  key: Uint8Array,
): Promise<void> {
  if (appendTo === undefined) return;
  const name = knownHostName(host, port);
  try {
    await appendKnownHost(appendTo, name, keyTypeOf(key), key);
    prompter.say(`Permanently added '${name}' (${keyTypeOf(key)}) to ${appendTo}.`);
  } catch (cause) {
    prompter.say(`Could not add the key to ${appendTo}: ${messageOf(cause)}`);
  }
}
